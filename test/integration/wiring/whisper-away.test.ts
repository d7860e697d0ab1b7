/** What Synapse does and logs while Whisper is not ready, broken, or not there at all. */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import type { RoomId } from "../../../src/policy/model.ts";
import { frontDoor } from "../../../src/wiring/front-door.ts";
import type { Caller } from "../../support/gate/caller.ts";
import { type House, openHouse } from "../../support/gate/house.ts";

const C = "/_matrix/client/v3";

describe("Synapse while Whisper is down", function () {
  this.timeout(120_000);
  let house: House;
  let ann: Caller;
  let bob: Caller;
  let room: RoomId;
  let where: { readonly port: number; readonly bind: string };
  const words: string[] = [];

  before(async () => {
    house = await openHouse();
    ann = await house.person("ann");
    bob = await house.person("bob");
    room = await house.room([ann]);
    where = await house.stopWhisper();
  });
  after(() => house?.stop());

  /** A message passes, an invitation does not, and Synapse's log contains nothing of what was said. */
  async function holds(word: string): Promise<void> {
    words.push(word);
    await ann.say(room, word);
    const messages = `${C}/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=1`;
    expect((await ann.request("GET", messages)).text).to.contain(word);
    const invited = await ann.request("POST", `${C}/rooms/${encodeURIComponent(room)}/invite`, {
      body: { user_id: bob.userId, reason: word },
    });
    expect(invited.status, invited.text).to.equal(403);
    const raw = await ann.request("POST", `${C}/rooms/${encodeURIComponent(room)}/send/m.room.message`, {
      body: Buffer.from(`{"body": "${word}", `),
    });
    expect(raw.status).to.equal(400);
    const log = house.synapseLog();
    for (const each of [...words, bob.userId]) expect(log).to.not.contain(each);
  }

  it("lets messages pass while Whisper waits for its database, and writes none of them to its log", async () => {
    const door = await frontDoor(where);
    try {
      await holds("ROSTER while it waits");
    } finally {
      await door.close(5_000);
    }
  });

  it("lets messages pass while Whisper is down, and writes none of them to its log", async () => {
    await holds("ROSTER while it is down");
  });

  const broken: Readonly<Record<string, RequestListener>> = {
    "breaks off": (request) => void request.socket.destroy(),
    "cannot decide": (_request, response) => void response.writeHead(500).end("Whisper could not decide"),
  };
  for (const [how, listener] of Object.entries(broken)) {
    it(`lets messages pass while Whisper ${how}, and writes none of them to its log`, async () => {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(where.port, where.bind, resolve));
      try {
        await holds(`ROSTER while it ${how}`);
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });
  }

  it("writes no more than that to its log in the containers", () => {
    const settings = join(import.meta.dirname, "../../../docker/synapse/log.yaml");
    const { loggers, root } = parse(readFileSync(settings, "utf8"));
    expect(root.level).to.equal("WARNING");
    expect(loggers).to.deep.equal({
      synapse_http_antispam: { level: "CRITICAL" },
      "synapse.http.servlet": { level: "ERROR" },
    });
  });
});
