import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { freePort } from "../../../../dev/stack/ports.ts";
import { startPostgres } from "../../../../dev/stack/postgres.ts";
import { storableJson } from "../../../../src/base/storable.ts";
import type { MatrixEvent } from "../../../../src/messages/event.ts";
import { drainInbox } from "../../../../src/messages/inbox.ts";
import { type Database, openDatabase } from "../../../../src/store/database.ts";
import { migrate } from "../../../../src/store/migrate.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { message, startIntake, type TestIntake } from "../../../support/http/intake.ts";

const LOG = pino({ level: "silent" });
const ROOM = "!room:practice.test";

describe("the intake of transactions", () => {
  let database: Database;
  let intake: TestIntake;

  before(async () => {
    database = await testDatabase();
    intake = await startIntake(database);
  });
  beforeEach(async () => {
    await database.query("TRUNCATE inbox, receipts");
    await database.query("DELETE FROM graphile_worker._private_jobs");
  });
  after(async () => {
    await intake.close();
    await database.close();
  });

  const stored = async () =>
    (
      await database.query<{ room_id: string; event: { event_id: string; content: { body?: string } } }>(
        "SELECT room_id, event FROM inbox ORDER BY seq",
      )
    ).rows;
  const bodies = async () => (await stored()).map(({ event }) => event.content.body);
  const jobKeys = async () =>
    (
      await database.query<{ key: string }>("SELECT key FROM graphile_worker._private_jobs ORDER BY key")
    ).rows.map(({ key }) => key);

  it("stores 100 events in order, with one job for each room", async () => {
    const events = Array.from({ length: 100 }, (_, index) => message(`!${index % 3}`, `message ${index}`));
    expect(await intake.send(1, events)).to.equal(200);
    expect(await bodies()).to.deep.equal(events.map((_, index) => `message ${index}`));
    expect(await jobKeys()).to.deep.equal(["inbox:!0", "inbox:!1", "inbox:!2"]);
  });

  it("accepts a transaction of more than 6 MB", async () => {
    const long = "x".repeat(64_000);
    const events = Array.from({ length: 100 }, (_, index) => message(ROOM, `${index} ${long}`));
    expect(JSON.stringify({ events }).length).to.be.greaterThan(6_000_000);
    expect(await intake.send(1, events)).to.equal(200);
    expect(await stored()).to.have.lengthOf(100);
  });

  it("stores the same transaction once, however often it is sent", async () => {
    const events = [message(ROOM, "one"), message(ROOM, "two")];
    expect(await intake.send(7, events)).to.equal(200);
    expect(await intake.send(7, events)).to.equal(200);
    expect(await bodies()).to.deep.equal(["one", "two"]);
  });

  it("stores the same transaction once if it arrives twice at the same time", async () => {
    const events = Array.from({ length: 50 }, (_, index) => message(ROOM, `message ${index}`));
    const answers = await Promise.all([1, 2, 3, 4].map(() => intake.send(7, events)));
    expect(answers).to.deep.equal([200, 200, 200, 200]);
    expect(await bodies()).to.deep.equal(events.map((_, index) => `message ${index}`));
  });

  it("accepts new events under transaction ids that restart from 1", async () => {
    expect(await intake.send(1, [message(ROOM, "before")])).to.equal(200);
    expect(await intake.send(2, [message(ROOM, "before too")])).to.equal(200);
    expect(await intake.send(1, [message(ROOM, "after a new registration")])).to.equal(200);
    expect(await bodies()).to.deep.equal(["before", "before too", "after a new registration"]);
  });

  it("stores the new events of a transaction that also has known ones", async () => {
    const known = message(ROOM, "known");
    await intake.send(1, [known]);
    expect(await intake.send(2, [known, message(ROOM, "new"), known])).to.equal(200);
    expect(await bodies()).to.deep.equal(["known", "new"]);
  });

  it("answers an empty transaction", async () => {
    expect(await intake.send(1, [])).to.equal(200);
  });

  it("refuses a wrong token with 403 and a missing one with 401, and stores nothing", async () => {
    const body = { events: [message(ROOM, "x")] };
    const missing = await intake.call("PUT", "/transactions/1", body, null);
    const wrong = await intake.call("PUT", "/transactions/1", body, "guessed");
    expect(missing).to.deep.equal({
      status: 401,
      body: { errcode: "M_UNAUTHORIZED", error: "Missing token" },
    });
    expect(wrong).to.deep.equal({ status: 403, body: { errcode: "M_FORBIDDEN", error: "Bad token" } });
    expect(await stored()).to.deep.equal([]);
  });

  it("refuses a body that is not a transaction with 4xx", async () => {
    for (const body of [{}, { events: "no" }, { events: [{ type: "m.room.message" }] }]) {
      expect((await intake.call("PUT", "/transactions/1", body)).status, JSON.stringify(body)).to.equal(400);
    }
  });

  it("keeps events with NUL and half surrogate pairs", async () => {
    const raw = `{"events":[${JSON.stringify(message(ROOM, "MARK"))}]}`.replace(
      "MARK",
      "a\\u0000b\\ud800c 👩‍⚕️",
    );
    expect((await intake.call("PUT", "/transactions/1", raw)).status).to.equal(200);
    expect(await bodies()).to.deep.equal(["a\ufffdb\ufffdc 👩‍⚕️"]);
  });

  it("keeps events that are nested as deeply as their size allows, and passes them on", async () => {
    for (const depth of [500, 2_000, 3_000, 4_000, 6_000, 10_000, 30_000]) {
      await database.query("TRUNCATE inbox");
      for (const [open, close] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        const deep = `${open.repeat(depth)}1${close.repeat(depth)}`;
        const raw = `{"events":[${JSON.stringify(message(ROOM, "MARK"))},${JSON.stringify(message(ROOM, "next"))}]}`;
        const sent = raw.replace('"MARK"', `"deep","deep":${deep}`);
        expect((await intake.call("PUT", "/transactions/1", sent)).status, `${depth} ${open}`).to.equal(200);
      }
      expect(await bodies()).to.deep.equal(["deep", "next", "deep", "next"]);
      const handled: string[] = [];
      const handler = async (_: unknown, event: MatrixEvent) =>
        void handled.push(`${event.content.body} ${storableJson(event).length > 0}`);
      await drainInbox(database, [{ name: "test", handle: handler }], LOG, ROOM);
      expect(handled, `${depth}`).to.have.lengthOf(4);
    }
  });

  it("stores the receipts next to one whose time no database can store", async () => {
    const read = (user: string, ts: number) => ({ [user]: { ts } });
    const readers = { ...read("@ht_mia:practice.test", 1e300), ...read("@ht_ben:practice.test", 2_000) };
    const ephemeral = [{ type: "m.receipt", room_id: ROOM, content: { $a: { "m.read": readers } } }];
    expect(await intake.send(1, [message(ROOM, "kept")], { ephemeral })).to.equal(200);
    await intake.receiptsStored();
    expect(await bodies()).to.deep.equal(["kept"]);
    expect((await database.query("SELECT FROM receipts")).rowCount).to.equal(2);
  });

  it("keeps unknown fields, and numbers as they arrived", async () => {
    const event = message(ROOM, "x", {
      unsigned: { age: 5 },
      content: { deep: [{ n: 9_007_199_254_740_991 }] },
    });
    await intake.send(1, [event]);
    expect((await stored())[0]?.event).to.deep.equal(event);
  });

  for (const key of ["ephemeral", "de.sorunome.msc2409.ephemeral"]) {
    it(`reads receipts from ${key}, the newest of each user`, async () => {
      const receipt = (event: string, ts: number, kind = "m.read") => ({
        type: "m.receipt",
        room_id: ROOM,
        content: { [event]: { [kind]: { "@ht_mia:practice.test": { ts } } } },
      });
      const ephemeral = [receipt("$b", 2_000), receipt("$a", 1_000), { type: "m.typing", room_id: ROOM }];
      expect(await intake.send(1, [], { [key]: ephemeral })).to.equal(200);
      expect(await intake.send(2, [], { [key]: [receipt("$c", 3_000, "m.read.private")] })).to.equal(200);
      expect(await intake.send(3, [], { [key]: [receipt("$a", 1_000)] })).to.equal(200);
      await intake.receiptsStored();
      const { rows } = await database.query("SELECT user_id, event_id FROM receipts");
      expect(rows).to.deep.equal([{ user_id: "@ht_mia:practice.test", event_id: "$c" }]);
    });
  }

  it("answers even if earlier receipts cannot be stored yet", async () => {
    const receipt = {
      type: "m.receipt",
      room_id: ROOM,
      content: { $a: { "m.read": { "@ht_mia:practice.test": { ts: 1 } } } },
    };
    // Storing receipts waits for this transaction, and Synapse waits for an answer to each of its own.
    await database.transaction(async (tx) => {
      await tx.query("LOCK receipts");
      for (const txnId of [1, 2, 3]) {
        const sent = await intake.send(txnId, [message(ROOM, `message ${txnId}`)], { ephemeral: [receipt] });
        expect(sent).to.equal(200);
      }
    });
    expect(await bodies()).to.deep.equal(["message 1", "message 2", "message 3"]);
    await intake.receiptsStored();
    expect((await database.query("SELECT FROM receipts")).rowCount).to.equal(1);
  });

  it("stores the events even if the receipts with them are nonsense", async () => {
    const ephemeral = [{ type: "m.receipt", room_id: 7, content: "?" }, null, "x"];
    expect(await intake.send(1, [message(ROOM, "kept")], { ephemeral })).to.equal(200);
    expect(await bodies()).to.deep.equal(["kept"]);
  });

  it("answers pings, and knows its users and no aliases", async () => {
    expect(await intake.call("POST", "/ping", { transaction_id: "t" })).to.deep.equal({
      status: 200,
      body: {},
    });
    expect((await intake.call("GET", "/users/@ht_known:practice.test")).status).to.equal(200);
    expect((await intake.call("GET", "/users/@ht_nobody:practice.test")).status).to.equal(404);
    expect((await intake.call("GET", "/rooms/%23any:practice.test")).status).to.equal(404);
    expect((await intake.call("GET", "/nothing")).body).to.deep.include({ errcode: "M_UNRECOGNIZED" });
  });

  it("answers 503 while PostgreSQL is down, acknowledges nothing, and accepts the same transaction once it is back", async () => {
    const directory = mkdtempSync(join(tmpdir(), "whisper-test-down-"));
    const options = { directory, port: await freePort(), withoutFsync: true };
    let server = await startPostgres(options);
    const own = openDatabase({ url: server.url });
    const ownIntake = await startIntake(own);
    try {
      await migrate(own);
      expect(await ownIntake.send(1, [message(ROOM, "before")])).to.equal(200);
      await server.stop();
      const events = [message(ROOM, "while it is down")];
      expect(await ownIntake.send(2, events)).to.equal(503);
      server = await startPostgres(options);
      const known = async () => (await own.query("SELECT FROM inbox")).rowCount;
      expect(await known()).to.equal(1);
      expect(await ownIntake.send(2, events)).to.equal(200);
      expect(await known()).to.equal(2);
    } finally {
      await ownIntake.close();
      await own.close();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
