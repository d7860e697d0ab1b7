import { expect } from "chai";
import { type JobsDatabase, jobsDatabase, runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

describe("a runner that cannot be started", () => {
  let jobs: JobsDatabase;

  before(async () => {
    jobs = await jobsDatabase();
  });
  after(() => jobs.database.close());

  /** The job runner's connections. The database's own pool stays open. */
  const connections = async (): Promise<number> => {
    const found = await jobs.database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database()
       AND application_name IN ('whisper worker lock', 'whisper queues', 'whisper jobs')`,
    );
    return found.rowCount ?? 0;
  };
  const refused = (): Promise<string> =>
    runJobs(jobs, {}).then(
      async (runner) => {
        await runner.stop();
        return "started";
      },
      () => "refused",
    );

  it("leaves no connection open, however often it is tried", async () => {
    // graphile-worker refuses to start if a newer version has been here.
    await jobs.database.query(
      "INSERT INTO graphile_worker.migrations (id, ts, breaking) VALUES (1000000, now(), true)",
    );
    for (let tries = 0; tries < 5; tries++) expect(await refused()).to.equal("refused");
    await eventually(
      "the connections of the failed starts to be closed",
      async () => (await connections()) === 0,
    );
  });

  it("starts once the obstacle is gone, and closes everything when it stops", async () => {
    await jobs.database.query("DELETE FROM graphile_worker.migrations WHERE id = 1000000");
    const runner = await runJobs(jobs, {});
    expect(await connections()).to.be.greaterThan(0);
    await runner.stop();
    await eventually("its connections to be closed", async () => (await connections()) === 0);
  });
});
