import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { deadLetters, retryDeadLetter } from "../../../src/jobs/dead-letters.ts";
import { drainInbox, storeEvents } from "../../../src/messages/inbox.ts";
import { type JobsDatabase, jobsDatabase } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";
import { message } from "../../support/http/intake.ts";

const WORKER = join(import.meta.dirname, "..", "..", "support", "processes", "inbox-worker.ts");
const LOG = pino({ level: "silent" });

describe("an event that ends the process", () => {
  let jobs: JobsDatabase;
  let child: ChildProcess | undefined;
  let ends: (string | number | null)[];
  let said: string;
  let going: boolean;
  let supervised: Promise<void> | undefined;

  beforeEach(async () => {
    jobs = await jobsDatabase();
    await jobs.database.query("CREATE TABLE heard (room_id text, body text)");
    ends = [];
    said = "";
  });
  afterEach(async () => {
    going = false;
    child?.kill("SIGKILL");
    await supervised;
    await jobs.database.close();
  });

  /** Starts the process, and restarts it whenever it ends, as Whisper's supervisor does. */
  function supervise(): void {
    going = true;
    supervised = (async () => {
      while (going) {
        child = spawn(process.execPath, [WORKER, jobs.url], { stdio: ["ignore", "pipe", "inherit"] });
        child.stdout?.on("data", (data) => {
          said += data;
        });
        const [code, signal] = await once(child, "exit");
        ends.push(signal ?? code);
      }
    })();
  }
  const heard = async () =>
    (await jobs.database.query<{ body: string }>("SELECT body FROM heard ORDER BY body")).rows.map(
      ({ body }) => body,
    );
  /** Skips the waits between tries. */
  const hurry = () => jobs.database.query("UPDATE inbox SET retry_at = now() WHERE retry_at > now()");

  for (const [what, how] of [
    ["hang", "SIGKILL"],
    ["die", 1],
    ["kill", "SIGKILL"],
  ] as const) {
    it(`is parked after some tries, and everything else continues: ${what}`, async function () {
      // Five processes start one after another.
      this.timeout(120_000);
      const others = Array.from({ length: 8 }, (_, index) => message(`!${index}`, `other ${index}`));
      await storeEvents(jobs.database, [message("!bad", what), message("!bad", "after it"), ...others]);
      supervise();
      const [letter, ...more] = await eventually(
        "the event to be parked",
        async () => {
          await hurry();
          const letters = await Array.fromAsync(deadLetters(jobs.database));
          return letters.length > 0 && letters;
        },
        90_000,
      );
      expect(more).to.deep.equal([]);
      expect(letter).to.include({ kind: "event", attempts: 4, error: "the process ended" });
      expect(ends).to.deep.equal([how, how, how, how]);
      const all = ["after it", ...others.map((_, index) => `other ${index}`)];
      await eventually("everything else to be handled", async () => (await heard()).length === all.length);
      expect(await heard()).to.deep.equal(all);
      if (what === "hang") {
        const line = said.split("\n").find((each) => each.includes("was blocked")) ?? "{}";
        expect(JSON.parse(line)).to.deep.include({
          level: 60,
          msg: "Whisper was blocked for 1 seconds and is killed; its supervisor should restart it",
        });
      }
      expect(said).to.include("the process ended while it handled an event");
    });
  }

  it("is tried again on request", async () => {
    await storeEvents(jobs.database, [message("!a", "innocent")]);
    await jobs.database.query("UPDATE inbox SET tried_by = gen_random_uuid(), killed = 3");
    const heardOf: string[] = [];
    const handler = {
      name: "test",
      handle: async (_: unknown, event: { content: { body?: unknown } }) =>
        void heardOf.push(String(event.content.body)),
    };
    await drainInbox(jobs.database, [handler], LOG, "!a");
    expect(heardOf).to.deep.equal([]);
    const [letter] = await Array.fromAsync(deadLetters(jobs.database));
    expect(await retryDeadLetter(jobs.database, letter?.id ?? "")).to.equal(true);
    await drainInbox(jobs.database, [handler], LOG, "!a");
    expect(heardOf).to.deep.equal(["innocent"]);
  });

  it("is not confused with one that the database interrupted, or that failed", async () => {
    await storeEvents(jobs.database, [message("!a", "innocent")]);
    let wrong: Error | undefined = Object.assign(new Error("going down"), { code: "57P01" });
    const handler = {
      name: "test",
      handle: async () => {
        if (wrong !== undefined) throw wrong;
      },
    };
    const drain = () => drainInbox(jobs.database, [handler], LOG, "!a");
    for (let tries = 0; tries < 20; tries++) {
      const failed = await drain().then(
        () => null,
        (error: unknown) => error,
      );
      expect(failed).to.equal(wrong);
    }
    const state = async () =>
      (await jobs.database.query("SELECT attempts, killed, parked_at, handled_at FROM inbox")).rows[0];
    expect(await state()).to.deep.equal({ attempts: 0, killed: 0, parked_at: null, handled_at: null });
    wrong = new Error("as such");
    await drain();
    expect(await state()).to.deep.include({ attempts: 1, killed: 0, parked_at: null });
    wrong = undefined;
    await hurry();
    await drain();
    expect(await state()).to.deep.include({ killed: 0, parked_at: null });
    expect((await state())?.handled_at).to.be.instanceOf(Date);
  });
});
