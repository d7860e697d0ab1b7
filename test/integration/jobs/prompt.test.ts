import { expect } from "chai";
import type { JobRunner } from "../../../src/jobs/runner.ts";
import type { Transaction } from "../../../src/store/database.ts";
import { addJob } from "../../../src/store/jobs.ts";
import { type JobsDatabase, jobsDatabase, runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

describe("jobs that a person waits for", () => {
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

  const start = async (adopt: (payload: { readonly room_id: string }) => Promise<void>) => {
    runner = await runJobs(jobs, { adopt });
  };
  const add = (tx: Transaction, room: string) =>
    addJob(tx, "adopt", { room_id: room }, { queue: room, promptly: true });
  const waiting = async () =>
    (await jobs.database.query("SELECT FROM graphile_worker._private_jobs")).rowCount ?? 0;
  const noneLeft = () => eventually("no job to be left", async () => (await waiting()) === 0);
  /** From now on new jobs are due in an hour, so no worker takes them. */
  const takeNone = () =>
    jobs.database.query(
      `CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.run_at := now() + interval '1 hour'; RETURN NEW; END $$;
       CREATE TRIGGER later BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION later()`,
    );
  const takeAll = async () => {
    await jobs.database.query("DROP TRIGGER later ON graphile_worker._private_jobs");
    await jobs.database.query("UPDATE graphile_worker._private_jobs SET run_at = now()");
  };

  it("start in this process after commit, not before, and remain queued in case it dies", async () => {
    const begun = Promise.withResolvers<void>();
    const runs: string[] = [];
    await start(async ({ room_id }) => {
      runs.push(room_id);
      begun.resolve();
    });
    await takeNone();
    await jobs.database.transaction(async (tx) => {
      await add(tx, "r");
      expect(runs).to.deep.equal([]);
    });
    await begun.promise;
    expect(await waiting()).to.equal(1);
    await takeAll();
    await noneLeft();
    expect(runs).to.deep.equal(["r", "r"]);
  });

  it("do not start if their transaction is rolled back", async () => {
    const runs: string[] = [];
    await start(async ({ room_id }) => void runs.push(room_id));
    const no = new Error("no");
    await jobs.database
      .transaction(async (tx) => {
        await add(tx, "never");
        throw no;
      })
      .catch((error: unknown) => expect(error).to.equal(no));
    await jobs.database.transaction((tx) => add(tx, "once"));
    await noneLeft();
    expect(runs).not.to.include("never");
    expect(runs).to.include("once");
  });

  it("are done by their jobs if that fails", async () => {
    let runs = 0;
    await start(async () => {
      runs += 1;
      if (runs === 1) throw new Error("the first time");
    });
    await jobs.database.transaction((tx) => add(tx, "r"));
    await noneLeft();
    expect(runs).to.be.at.least(2);
  });

  it("start only so many at once, and the others are taken as jobs", async () => {
    const rooms = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const mayEnd = Promise.withResolvers<void>();
    const some = Promise.withResolvers<void>();
    const runs: string[] = [];
    await start(async ({ room_id }) => {
      runs.push(room_id);
      if (runs.length === 4) some.resolve();
      await mayEnd.promise;
    });
    await takeNone();
    await jobs.database.transaction(async (tx) => {
      for (const room of rooms) await add(tx, room);
    });
    // Again: each is already running, or there is no room for it.
    await jobs.database.transaction(async (tx) => {
      for (const room of rooms) await add(tx, room);
    });
    await some.promise;
    expect(runs).to.have.length(4);
    mayEnd.resolve();
    await takeAll();
    await noneLeft();
    expect(new Set(runs)).to.deep.equal(new Set(rooms));
  });

  it("finish before the runner stops, and none starts after that", async () => {
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const runs: string[] = [];
    await start(async ({ room_id }) => {
      begun.resolve();
      await mayEnd.promise;
      runs.push(room_id);
    });
    await takeNone();
    await jobs.database.transaction((tx) => add(tx, "before"));
    await begun.promise;
    const stopped = runner?.stop();
    runner = undefined;
    await jobs.database.transaction((tx) => add(tx, "after"));
    mayEnd.resolve();
    await stopped;
    expect(runs).to.deep.equal(["before"]);
    expect(await waiting()).to.equal(2);
  });
});
