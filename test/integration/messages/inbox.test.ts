import { expect } from "chai";
import pino from "pino";
import { Away } from "../../../src/base/away.ts";
import { deadLetters, discardDeadLetter, retryDeadLetter } from "../../../src/jobs/dead-letters.ts";
import type { JobRunner } from "../../../src/jobs/runner.ts";
import type { EventHandler, MatrixEvent } from "../../../src/messages/event.ts";
import { drainInbox, storeEvents } from "../../../src/messages/inbox.ts";
import type { Transaction } from "../../../src/store/database.ts";
import { type JobsDatabase, jobsDatabase, runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";
import { message } from "../../support/http/intake.ts";

const LOG = pino({ level: "silent" });
const bodyOf = (event: MatrixEvent) => String(event.content.body);

describe("the inbox", () => {
  let jobs: JobsDatabase;
  let runner: JobRunner | undefined;

  beforeEach(async () => {
    jobs = await jobsDatabase();
  });
  afterEach(async () => {
    await runner?.stop();
    runner = undefined;
    await jobs.database.close();
  });

  const handler = (handle: (event: MatrixEvent, tx: Transaction) => Promise<void>): EventHandler => ({
    name: "test",
    handle: (tx, event) => handle(event, tx),
  });
  /** Runs the inbox's jobs, as Whisper does. */
  const run = async (...handlers: EventHandler[]) => {
    runner = await runJobs(jobs, {
      inbox: ({ room_id }) => drainInbox(jobs.database, handlers, LOG, room_id),
    });
  };
  const waiting = async () =>
    (
      await jobs.database.query<{ event_id: string; attempts: number; parked: boolean }>(
        `SELECT event_id, attempts, parked_at IS NOT NULL AS parked FROM inbox WHERE handled_at IS NULL ORDER BY seq`,
      )
    ).rows;
  const allHandled = () =>
    eventually("every event to be handled", async () => (await waiting()).length === 0);

  it("hands over each room's events in order, whatever comes between", async () => {
    const seen: string[] = [];
    await run(handler(async (event) => void seen.push(`${event.room_id} ${bodyOf(event)}`)));
    for (let batch = 0; batch < 10; batch++) {
      const events = ["!a", "!b", "!c"].map((room) => message(room, String(batch)));
      await storeEvents(jobs.database, events);
    }
    await allHandled();
    for (const room of ["!a", "!b", "!c"]) {
      const own = seen.filter((line) => line.startsWith(room));
      expect(own).to.deep.equal(Array.from({ length: 10 }, (_, batch) => `${room} ${batch}`));
    }
  });

  it("commits a handler's changes and its completion together", async () => {
    let broken = true;
    await jobs.database.query("CREATE TABLE notes (body text)");
    await run(
      handler(async (event, tx) => {
        await tx.query("INSERT INTO notes VALUES ($1)", [bodyOf(event)]);
        if (broken) throw new Error("after its first row");
      }),
    );
    await storeEvents(jobs.database, [message("!a", "once")]);
    await eventually("a first try", async () => (await waiting())[0]?.attempts === 1);
    expect((await jobs.database.query("SELECT FROM notes")).rowCount).to.equal(0);
    broken = false;
    await allHandled();
    expect((await jobs.database.query("SELECT FROM notes")).rowCount).to.equal(1);
  });

  it("retries a failed event, and then continues in order", async () => {
    const seen: string[] = [];
    let failures = 2;
    await run(
      handler(async (event) => {
        if (bodyOf(event) === "first" && failures-- > 0) throw new Error("not yet");
        seen.push(bodyOf(event));
      }),
    );
    await storeEvents(jobs.database, [message("!a", "first"), message("!a", "second")]);
    await allHandled();
    expect(seen).to.deep.equal(["first", "second"]);
  });

  it("never lets a failing event delay another room", async () => {
    const seen: string[] = [];
    await run(
      handler(async (event) => {
        if (event.room_id === "!bad") throw new Error("always");
        seen.push(bodyOf(event));
      }),
    );
    await storeEvents(jobs.database, [
      message("!bad", "stuck"),
      message("!good", "one"),
      message("!good", "two"),
    ]);
    await eventually("the other room to be done", async () => (await waiting()).length === 1);
    expect(seen).to.deep.equal(["one", "two"]);
    expect((await waiting())[0]).to.include({ parked: false });
  });

  it("finally parks an event, so that its room continues, and hands it over again when told to", async () => {
    const seen: string[] = [];
    let broken = true;
    const handlers = [
      handler(async (event) => {
        if (broken && bodyOf(event) === "poison") throw new TypeError("a name that nobody should see");
        seen.push(bodyOf(event));
      }),
    ];
    await storeEvents(jobs.database, [message("!a", "poison"), message("!a", "next")]);
    for (let tries = 1; seen.length === 0; tries++) {
      expect(tries, "tries until it is parked").to.be.lessThan(30);
      await drainInbox(jobs.database, handlers, LOG, "!a");
      // Skips the wait between tries.
      await jobs.database.query("UPDATE inbox SET retry_at = now() WHERE retry_at IS NOT NULL");
    }
    expect(seen).to.deep.equal(["next"]);
    const [letter, ...others] = await Array.fromAsync(deadLetters(jobs.database));
    expect(others).to.deep.equal([]);
    expect(letter).to.include({ kind: "event", attempts: 12, error: "test: TypeError" });

    expect(await discardDeadLetter(jobs.database, "send:1")).to.equal(false);
    broken = false;
    await run(...handlers);
    expect(await retryDeadLetter(jobs.database, letter?.id ?? "")).to.equal(true);
    await allHandled();
    expect(seen).to.deep.equal(["next", "poison"]);
    expect(await Array.fromAsync(deadLetters(jobs.database))).to.deep.equal([]);
  });

  it("never parks an event while something that it needs is away", async () => {
    let isAway = true;
    const seen: string[] = [];
    const handlers = [
      handler(async (event) => {
        if (isAway) throw new Away("Synapse got no question through");
        seen.push(bodyOf(event));
      }),
    ];
    await storeEvents(jobs.database, [message("!a", "leaves")]);
    for (let tries = 0; tries < 30; tries++)
      expect(
        await drainInbox(jobs.database, handlers, LOG, "!a").catch((error: unknown) => error),
      ).to.be.instanceOf(Away);
    isAway = false;
    await drainInbox(jobs.database, handlers, LOG, "!a");
    expect(seen).to.deep.equal(["leaves"]);
  });

  it("waits longer after each failure", async () => {
    const handlers = [handler(() => Promise.reject(new Error("always")))];
    await storeEvents(jobs.database, [message("!a", "x")]);
    const waits: number[] = [];
    for (let tries = 0; tries < 4; tries++) {
      await drainInbox(jobs.database, handlers, LOG, "!a");
      const { rows } = await jobs.database.query<{ wait: number }>(
        "SELECT round(extract(epoch FROM retry_at - now()) * 1000)::float AS wait FROM inbox",
      );
      waits.push(rows[0]?.wait ?? 0);
      await jobs.database.query("UPDATE inbox SET retry_at = now()");
    }
    for (const [index, wait] of waits.entries())
      expect(wait).to.be.within(500 * 2 ** index - 400, 500 * 2 ** index);
  });

  it("skips anything that is not an event", async () => {
    const seen: string[] = [];
    await run(handler(async (event) => void seen.push(bodyOf(event))));
    await storeEvents(jobs.database, [
      { event_id: "$no-content", room_id: "!a", type: "m.room.message" },
      message("!a", "x", { event_id: "$odd", content: "text" }),
      message("!a", "good"),
    ]);
    await allHandled();
    expect(seen).to.deep.equal(["good"]);
  });

  it("discards a parked event for good", async () => {
    const seen: string[] = [];
    await storeEvents(jobs.database, [message("!a", "poison")]);
    await jobs.database.query("UPDATE inbox SET parked_at = now(), attempts = 12");
    const [letter] = await Array.fromAsync(deadLetters(jobs.database));
    expect(letter).to.include({ kind: "event", what: "m.room.message" });
    expect(await discardDeadLetter(jobs.database, letter?.id ?? "")).to.equal(true);
    expect(await Array.fromAsync(deadLetters(jobs.database))).to.deep.equal([]);
    expect(await discardDeadLetter(jobs.database, letter?.id ?? "")).to.equal(false);
    await drainInbox(jobs.database, [handler(async (event) => void seen.push(bodyOf(event)))], LOG, "!a");
    expect(seen).to.deep.equal([]);
  });

  it("has nothing to retry or discard under an invalid id", async () => {
    for (const id of ["", "event:", "event:99", "send:1", "job:1", "what:1", "event:1; DROP TABLE inbox"]) {
      expect(await retryDeadLetter(jobs.database, id), id).to.equal(false);
      expect(await discardDeadLetter(jobs.database, id), id).to.equal(false);
    }
  });
});
