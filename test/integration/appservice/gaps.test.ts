import { expect } from "chai";
import pino from "pino";
import { findGaps } from "../../../src/appservice/gaps.ts";
import type { Homeserver } from "../../../src/appservice/homeserver.ts";
import type { Database } from "../../../src/store/database.ts";
import { message } from "../../support/intake.ts";
import { testDatabase } from "../../support/postgres.ts";

const QUIET = "!quiet:practice.test";
const BUSY = "!busy:practice.test";
const HOUR = 3_600_000;

describe("events that Synapse never sent", () => {
  let database: Database;
  let lost: Map<string, unknown[]>;

  beforeEach(async () => {
    database = await testDatabase();
    lost = new Map();
    await database.query(
      `INSERT INTO conversations (id, kind, natural_key, room_id, last_activity_at, created_at)
       VALUES ('busy', 'alerts', 'alerts', $1, now(), now() - interval '1 year'),
              ('quiet', 'admin', 'admin', $2, now() - interval '3 weeks', now() - interval '1 year')`,
      [BUSY, QUIET],
    );
  });
  afterEach(() => database.close());

  /** A Synapse that has in its rooms what it did not send. */
  const homeserver: Homeserver = {
    call: async <T>({ path }: { path: string }) => {
      const room = decodeURIComponent(path.split("/")[5] ?? "");
      // The one place at which a stand-in's plain data becomes what the caller asked for.
      return { chunk: lost.get(room) ?? [] } as T;
    },
  };
  const look = (rooms: "recent" | "all") =>
    findGaps(
      {
        database,
        homeserver,
        inspector: () => ({
          inspect: () => Promise.resolve(null),
          rooms: async function* () {},
          withAccount: () => Promise.resolve(new Set()),
        }),
        repair: {
          conversation: () => Promise.resolve(),
          closed: () => Promise.resolve(),
          unknown: () => Promise.resolve(),
        },
        log: pino({ level: "silent" }),
      },
      rooms,
    );
  const lose = (room: string, text: string, age: number) =>
    lost.set(room, [message(room, text, { origin_server_ts: Date.now() - age })]);

  it("are found in rooms where somebody wrote lately, and once", async () => {
    lose(BUSY, "lost", HOUR);
    expect(await look("recent")).to.equal(1);
    expect(await look("recent")).to.equal(0);
  });

  it("are found in a quiet room at night, though other rooms were looked at since", async () => {
    await look("all");
    await database.query("UPDATE gap_checks SET checked_until = now() - interval '3 hours'");
    lose(QUIET, "lost after three weeks", HOUR);
    expect(await look("recent"), "a look at the others").to.equal(0);
    expect(await look("all")).to.equal(1);
  });

  it("are found in a room that is new and in which nobody had written", async () => {
    await database.query(
      "UPDATE conversations SET last_activity_at = NULL, created_at = now() WHERE id = 'quiet'",
    );
    lose(QUIET, "the first command of somebody new", HOUR);
    expect(await look("recent")).to.equal(1);
  });
});
