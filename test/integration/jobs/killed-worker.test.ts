import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import type { JobRunner } from "../../../src/jobs/runner.ts";
import { addJob } from "../../../src/store/jobs.ts";
import { type JobsDatabase, jobsDatabase, runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

const WORKER = join(import.meta.dirname, "..", "..", "support", "processes", "job-worker.ts");

describe("the jobs of another worker", () => {
  let jobs: JobsDatabase;
  let child: ChildProcess | undefined;
  let runner: JobRunner | undefined;

  beforeEach(async () => {
    jobs = await jobsDatabase();
  });
  afterEach(async () => {
    child?.kill("SIGKILL");
    await runner?.stop();
    runner = undefined;
    await jobs.database.close();
  });

  /** Starts another process that takes the job and holds it. */
  async function begunElsewhere(room: string): Promise<ChildProcess> {
    const worker = spawn(process.execPath, [WORKER, jobs.url], { stdio: ["ignore", "pipe", "inherit"] });
    child = worker;
    const begun = once(createInterface(worker.stdout), "line");
    await addJob(jobs.database, "adopt", { room_id: room }, { queue: room });
    expect(await begun).to.deep.equal([room]);
    return worker;
  }

  it("are taken over within seconds of its death by SIGKILL", async () => {
    const worker = await begunElsewhere("!a");
    const done = Promise.withResolvers<string>();
    runner = await runJobs(jobs, { adopt: async ({ room_id }) => done.resolve(room_id) });
    const dead = once(worker, "exit");
    worker.kill("SIGKILL");
    await dead;
    const killed = performance.now();
    expect(await done.promise).to.equal("!a");
    // graphile-worker alone would take four hours.
    expect(performance.now() - killed).to.be.lessThan(15_000);
  });

  it("stay with it while it lives, however long they take", async () => {
    await begunElsewhere("!b");
    const taken: string[] = [];
    runner = await runJobs(jobs, { adopt: async ({ room_id }) => void taken.push(room_id) });
    const holder = async () =>
      (
        await jobs.database.query<{ locked_by: string | null }>(
          "SELECT locked_by FROM graphile_worker._private_jobs",
        )
      ).rows[0]?.locked_by;
    const before = await holder();
    // Makes the job look an hour old, so that the sweep checks it.
    const { rows } = await jobs.database.query<{ since: Date }>(
      `WITH aged AS (UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '1 hour'),
            queues AS (UPDATE graphile_worker._private_job_queues SET locked_at = now() - interval '1 hour')
       SELECT now() AS since`,
    );
    await eventually("the sweep to have tried its lock", async () => {
      const tried = await jobs.database.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'whisper worker lock' AND query_start > $1
           AND datname = current_database() AND query LIKE '%pg_try_advisory_lock%'`,
        [rows[0]?.since],
      );
      return tried.rowCount !== 0;
    });
    expect(taken).to.deep.equal([]);
    expect(await holder()).to.equal(before);
  });
});
