import { expect } from "chai";
import pino from "pino";
import type { Homeserver, HomeserverCall } from "../../../../src/appservice/homeserver/homeserver.ts";
import { findGaps, queueGapCheck } from "../../../../src/appservice/intake/gaps.ts";
import { storeEvents } from "../../../../src/messages/inbox.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { message } from "../../../support/http/intake.ts";

const QUIET = "!quiet:practice.test";
const BUSY = "!busy:practice.test";
const HOUR = 3_600_000;

describe("events that Synapse never sent", () => {
  let database: Database;
  let lost: Map<string, unknown[]>;
  let calls: number;

  beforeEach(async () => {
    database = await testDatabase();
    lost = new Map();
    calls = 0;
    await database.query(
      `INSERT INTO conversations (id, kind, natural_key, room_id, last_activity_at, created_at)
       VALUES ('busy', 'alerts', 'alerts', $1, now(), now() - interval '1 year'),
              ('quiet', 'admin', 'admin', $2, now() - interval '3 weeks', now() - interval '1 year')`,
      [BUSY, QUIET],
    );
  });
  afterEach(() => database.close());

  /** A Synapse whose rooms contain events that it never sent to Whisper: newest first, page by page. */
  const homeserver: Homeserver = {
    call: async <T>({ path, query = {} }: HomeserverCall) => {
      calls += 1;
      const events = lost.get(decodeURIComponent(path.split("/")[5] ?? "")) ?? [];
      const from = Number(query.from ?? 0);
      const to = from + Number(query.limit);
      // The only place where a stand-in's plain data becomes what the caller asked for.
      return {
        chunk: events.slice(from, to),
        start: String(from),
        // Synapse names an end unless the page is empty.
        ...(from < events.length && { end: String(to) }),
      } as T;
    },
  };
  const look = (rooms: "recent" | "all", again = false) =>
    findGaps(
      {
        database,
        homeserver,
        inspector: () => ({
          inspect: () => Promise.resolve(null),
          rooms: async function* () {},
          room: () => Promise.resolve(null),
          blockedAccounts: async function* () {},
          withAccount: () => Promise.resolve(new Set()),
        }),
        repair: {
          conversation: () => Promise.resolve(),
          closed: () => Promise.resolve(),
          unknown: () => Promise.resolve(),
        },
        log: pino({ level: "silent" }),
      },
      { rooms, again },
    );
  const lose = (room: string, text: string, age: number) =>
    lost.set(room, [message(room, text, { origin_server_ts: Date.now() - age })]);

  it("are found once in recently active rooms", async () => {
    lose(BUSY, "lost", HOUR);
    expect(await look("recent")).to.equal(1);
    expect(await look("recent")).to.equal(0);
  });

  it("are found in a quiet room at night, even if other rooms were checked since", async () => {
    await look("all");
    await database.query("UPDATE gap_checks SET checked_until = now() - interval '3 hours'");
    lose(QUIET, "lost after three weeks", HOUR);
    expect(await look("recent"), "a look at the others").to.equal(0);
    expect(await look("all")).to.equal(1);
  });

  it("are found in a new room without any messages", async () => {
    await database.query(
      "UPDATE conversations SET last_activity_at = NULL, created_at = now() WHERE id = 'quiet'",
    );
    lose(QUIET, "the first command of somebody new", HOUR);
    expect(await look("recent")).to.equal(1);
  });

  it("take one call in a new room, whose first page begins with its creation", async () => {
    const creation = message(BUSY, "", {
      type: "m.room.create",
      state_key: "",
      origin_server_ts: Date.now(),
    });
    lost.set(BUSY, [message(BUSY, "hello", { origin_server_ts: Date.now() }), creation]);
    await look("recent");
    calls = 0;
    expect(await look("recent", true)).to.equal(0);
    expect(calls).to.equal(1);
  });

  describe("because Synapse left a transaction behind after Whisper came back", () => {
    const queued = async () =>
      (
        await database.query<{ payload: object; wait: number }>(
          `SELECT payload, round(extract(epoch FROM run_at - now()))::int AS wait
           FROM graphile_worker._private_jobs WHERE key LIKE 'gaps:%' AND is_available`,
        )
      ).rows;

    it("are looked for once more a minute later, and not for ever", async () => {
      await look("recent");
      const [{ payload, wait } = { payload: {}, wait: 0 }, ...others] = await queued();
      expect(payload).to.deep.include({ rooms: "recent", again: true });
      expect(wait).to.be.within(55, 60);
      expect(others).to.deep.equal([]);
      await database.query(
        "SELECT graphile_worker.complete_jobs(array(SELECT id FROM graphile_worker._private_jobs))",
      );
      lose(BUSY, "left behind", 0);
      expect(await look("recent", true)).to.equal(1);
      expect((await queued()).filter(({ payload }) => "again" in payload)).to.deep.equal([]);
    });

    it("do not put off a search that is asked for meanwhile", async () => {
      await queueGapCheck(database, "recent");
      await look("recent");
      expect((await queued()).map(({ wait }) => wait).toSorted((one, other) => one - other)[0]).to.be.at.most(
        2,
      );
    });

    it("are not looked for again after the nightly search, which nothing went before", async () => {
      await look("all");
      expect(await queued()).to.deep.equal([]);
    });
  });

  describe("if there are more of them than a page", () => {
    const events = (count: number, spread: number) =>
      Array.from({ length: count }, (_, index) =>
        message(BUSY, `${index}`, { origin_server_ts: Date.now() - HOUR - (count - index) * spread }),
      );
    const stored = async () =>
      (
        await database.query<{ body: string }>(
          "SELECT event->'content'->>'body' AS body FROM inbox ORDER BY seq",
        )
      ).rows.map(({ body }) => body);

    it("are all stored, in the order in which they happened", async () => {
      const all = events(2_537, 1);
      lost.set(BUSY, all.toReversed());
      expect(await look("recent")).to.equal(2_537);
      expect(await stored()).to.deep.equal(all.map((_, index) => `${index}`));
      expect(await look("recent")).to.equal(0);
    });

    it("are all stored, even if those around them are known", async () => {
      const all = events(1_500, 1);
      const known = all.filter((_, index) => index % 400 < 200);
      await storeEvents(database, known);
      lost.set(BUSY, all.toReversed());
      expect(await look("recent")).to.equal(1_500 - known.length);
      expect(new Set(await stored()).size).to.equal(1_500);
    });

    it("are searched for back to the last check, and no further", async () => {
      await look("recent");
      await database.query("UPDATE gap_checks SET checked_until = now() - interval '3 hours'");
      // One a minute: those of the last three hours and five minutes, minus the hour in which nobody wrote.
      lost.set(BUSY, events(2_000, 60_000).toReversed());
      const found = await look("recent");
      expect(found).to.be.within(120, 126);
      expect((await stored()).at(-1)).to.equal("1999");
    });
  });
});
