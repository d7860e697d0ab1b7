import { expect } from "chai";
import pino from "pino";
import { startLastingJobs } from "../../../src/jobs/lasting.ts";
import { addJob } from "../../../src/store/jobs.ts";
import { type JobsDatabase, jobsDatabase, runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

describe("jobs that are done", () => {
  let jobs: JobsDatabase;
  beforeEach(async () => {
    jobs = await jobsDatabase();
  });
  afterEach(() => jobs.database.close());

  const add = (room: string, db = jobs.database as Parameters<typeof addJob>[0]) =>
    addJob(db, "adopt", { room_id: room }, { key: room });
  const noneLeft = () =>
    eventually(
      "no job to be left",
      async () => (await jobs.database.query("SELECT FROM graphile_worker._private_jobs")).rowCount === 0,
    );

  it("and deadlock with a new request for them: the deadlock is broken, and all continue", async () => {
    const runs: string[] = [];
    const begun = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
    const mayEnd = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
    const runner = await runJobs(jobs, {
      adopt: async ({ room_id }) => {
        runs.push(room_id);
        const one = room_id === "a" ? "a" : "b";
        begun[one].resolve();
        await mayEnd[one].promise;
      },
    });
    await add("b");
    await begun.b.promise;
    await add("a");
    await begun.a.promise;

    await jobs.database.transaction(async (tx) => {
      await add("a", tx);
      // Both end at the same time and are recorded in one statement, which has locked b and waits for a.
      mayEnd.b.resolve();
      mayEnd.a.resolve();
      await eventually("the jobs to wait for this transaction", async () => {
        const waiting = await jobs.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
             AND application_name = 'whisper jobs' AND query LIKE 'delete%'`,
        );
        return waiting.rowCount === 1;
      });
      await add("b", tx);
    });
    await noneLeft();
    expect(runs.toSorted()).to.deep.equal(["a", "a", "b", "b"]);
    await runner.stop();
  });

  it("and cannot be recorded: the runner is given up and another one continues", async () => {
    await jobs.database.query(
      `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
       CREATE TRIGGER no BEFORE DELETE ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION no()`,
    );
    const lost = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const done: string[] = [];
    const stopping = new AbortController();
    const lasting = await startLastingJobs(
      (onLost) =>
        runJobs(
          jobs,
          {
            adopt: async ({ room_id }) => {
              if (room_id === "long" && !done.includes("long begun")) {
                done.push("long begun");
                holding.resolve();
                await mayEnd.promise;
              }
              done.push(room_id);
            },
          },
          (error) => {
            lost.resolve();
            onLost(error);
          },
        ),
      pino({ level: "silent" }),
      stopping.signal,
    );
    await add("long");
    await holding.promise;
    await add("first");
    // Immediately, though another job is still running.
    await lost.promise;
    await jobs.database.query("DROP TRIGGER no ON graphile_worker._private_jobs");
    mayEnd.resolve();
    await add("second");
    await noneLeft();
    expect(done).to.include.members(["long", "first", "second"]);
    stopping.abort();
    await lasting.stop();
  });
});
