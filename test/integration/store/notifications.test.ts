import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { listenToDatabase, type Notifications } from "../../../src/store/notifications.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { eventually } from "../../support/eventually.ts";

const nothing = () => undefined;

describe("notifications between processes", () => {
  let url: string;
  let database: Database;
  let news: Notifications | undefined;

  beforeEach(async () => {
    url = await emptyDatabaseUrl();
    database = openDatabase({ url, max: 2 });
  });
  afterEach(async () => {
    await news?.close();
    news = undefined;
    await database.close();
  });

  const listening = async () =>
    (
      await database.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'whisper notifications'",
      )
    ).rows.map(({ pid }) => pid);
  const notify = (payload: string) => database.query("SELECT pg_notify('whisper_room', $1)", [payload]);

  it("arrive on one connection, however often that is terminated, and each gap is reported once", async () => {
    let gaps = 0;
    const heard: string[] = [];
    news = await listenToDatabase(url, ["whisper_room"], nothing, 10_000);
    news.onGap(() => gaps++);
    news.on("whisper_room", (payload) => heard.push(payload));
    for (let times = 1; times <= 3; times++) {
      const [before] = await listening();
      await database.query("SELECT pg_terminate_backend($1)", [before]);
      await eventually("another connection", async () => gaps === times);
      expect(await listening()).to.have.lengthOf(1);
      await notify(`after ${times}`);
    }
    await eventually("all of it to be heard", async () => heard.length === 3);
    expect(heard).to.deep.equal(["after 1", "after 2", "after 3"]);
  });

  it("arrive again soon after the other end has vanished silently", async () => {
    const between = await silenceable(new URL(url));
    const address = new URL(url);
    address.port = String(between.port);
    address.hostname = "127.0.0.1";
    try {
      let gap = false;
      const heard: string[] = [];
      news = await listenToDatabase(address.href, ["whisper_room"], nothing, 200);
      news.onGap(() => {
        gap = true;
      });
      news.on("whisper_room", (payload) => heard.push(payload));
      between.silence();
      await eventually("the gap to be noticed", async () => gap);
      await notify("heard again");
      await eventually("it to be heard", async () => heard.includes("heard again"));
    } finally {
      await news?.close();
      news = undefined;
      await between.close();
    }
  });
});

/** A proxy that can stop forwarding on its open connections without closing them. */
async function silenceable({ hostname, port }: URL) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const far = dial(Number(port), hostname);
    for (const [one, other] of [
      [client, far],
      [far, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    silence: () => {
      for (const socket of sockets) socket.unpipe();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
