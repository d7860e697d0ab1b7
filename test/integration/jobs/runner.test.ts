import { expect } from "chai";
import { deadLetters, discardDeadLetter, retryDeadLetter } from "../../../src/jobs/dead-letters.ts";
import { JOBS_AT_ONCE, type JobRunner } from "../../../src/jobs/runner.ts";
import { addJob, MAX_ATTEMPTS } from "../../../src/store/jobs.ts";
import {
  Away,
  type JobsDatabase,
  jobsDatabase,
  runJobs,
  type SomeTasks,
} from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

describe("jobs", () => {
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

  const start = async (tasks: SomeTasks) => {
    runner = await runJobs(jobs, tasks);
  };
  const add = (room: string, options = {}) =>
    addJob(jobs.database, "adopt", { room_id: room }, { queue: room, ...options });
  /** Due later, so no worker takes it before its last try is set: it would wait as long as after all tries. */
  const addForOneTry = async (room: string) => {
    await add(room, { runAt: new Date(Date.now() + 3_600_000) });
    await jobs.database.query(
      "UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1, run_at = now()",
    );
  };
  const rows = async () =>
    (
      await jobs.database.query<{ attempts: number; wait: number; key: string | null }>(
        "SELECT attempts, key, extract(epoch FROM run_at - now())::float AS wait FROM graphile_worker._private_jobs",
      )
    ).rows;
  const noneLeft = () => eventually("no job to be left", async () => (await rows()).length === 0);

  it("appear when the transaction that adds them commits, and never if it is rolled back", async () => {
    const done: string[] = [];
    await start({ adopt: async ({ room_id }) => void done.push(room_id) });
    const given = new Error("no");
    await jobs.database
      .transaction(async (tx) => {
        await addJob(tx, "adopt", { room_id: "never" });
        throw given;
      })
      .catch((error: unknown) => expect(error).to.equal(given));
    await jobs.database.transaction((tx) => addJob(tx, "adopt", { room_id: "once" }));
    await noneLeft();
    expect(done).to.deep.equal(["once"]);
  });

  it("of one queue run one after another, while others continue", async () => {
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const other = Promise.withResolvers<void>();
    await start({
      adopt: async ({ room_id }) => {
        order.push(`${room_id} begins`);
        if (room_id === "a1") {
          begun.resolve();
          await first.promise;
        }
        if (room_id === "b1") other.resolve();
        order.push(`${room_id} ends`);
      },
    });
    await add("a1", { queue: "a" });
    await begun.promise;
    await add("a2", { queue: "a" });
    await add("b1", { queue: "b" });
    await other.promise;
    expect(order).not.to.include("a2 begins");
    first.resolve();
    await noneLeft();
    expect(order.filter((line) => line.startsWith("a"))).to.deep.equal([
      "a1 begins",
      "a1 ends",
      "a2 begins",
      "a2 ends",
    ]);
  });

  it("that wait for their queue do not block those of another queue", async () => {
    const queues = Array.from({ length: JOBS_AT_ONCE - 1 }, (_, count) => `busy${count}`);
    const running = new Set<string>();
    const all = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const other = Promise.withResolvers<void>();
    await start({
      adopt: async ({ room_id }) => {
        if (room_id === "other") return other.resolve();
        running.add(room_id);
        if (running.size === queues.length) all.resolve();
        await end.promise;
      },
    });
    for (const queue of queues) await add(`${queue} first`, { queue });
    await all.promise;
    for (const queue of queues) await add(`${queue} second`, { queue });
    await add("other");
    await other.promise;
    end.resolve();
    await noneLeft();
  });

  it("that are requested again and again while one of them runs take no worker from others, and run once more", async () => {
    const runs: string[] = [];
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const other = Promise.withResolvers<void>();
    await start({
      adopt: async ({ room_id }) => {
        if (room_id === "other") return other.resolve();
        runs.push(room_id);
        begun.resolve();
        if (room_id === "first") await end.promise;
      },
    });
    await add("first", { queue: "busy" });
    await begun.promise;
    for (let count = 0; count < 3 * JOBS_AT_ONCE; count++) {
      await add(`${count}`, { queue: "busy" });
      // A worker takes each before the next is added.
      await eventually(
        "it to be taken",
        async () =>
          (await jobs.database.query("SELECT FROM graphile_worker._private_jobs WHERE locked_at IS NULL"))
            .rowCount === 0,
      );
    }
    await add("other");
    await other.promise;
    end.resolve();
    await noneLeft();
    expect(runs).to.deep.equal(["first", `${3 * JOBS_AT_ONCE - 1}`]);
  });

  it("that fail are retried soon, then after longer and longer waits", async () => {
    let tries = 0;
    await start({
      adopt: async () => {
        tries += 1;
        if (tries < 4) throw new Error("not yet");
      },
    });
    const began = performance.now();
    await add("r");
    await noneLeft();
    expect(tries).to.equal(4);
    // A quarter, a half and one second, and as much again for polling. graphile-worker alone would take 30 s.
    expect(performance.now() - began).to.be.within(1_700, 12_000);
  });

  it("do not use up their tries while the other side is down", async () => {
    let tries = 0;
    await start({
      adopt: async () => {
        tries += 1;
        if (tries < 4) throw new Away();
      },
    });
    await add("r", { runAt: new Date() });
    await eventually("a second try", () => tries >= 2);
    const [job] = await rows();
    expect(job?.attempts ?? 0).to.be.lessThan(2);
    await noneLeft();
  });

  it("that fail for good become dead letters, which can be listed and retried", async () => {
    let broken = true;
    await start({
      adopt: async () => {
        if (broken) throw new Error("broken for good");
      },
    });
    await addForOneTry("r");
    const [letter] = await eventually("a dead letter", async () => {
      const found = await Array.fromAsync(deadLetters(jobs.database));
      return found.length > 0 && found;
    });
    expect(letter).to.include({ kind: "job", attempts: MAX_ATTEMPTS, error: "adopt: broken for good" });
    broken = false;
    expect(await retryDeadLetter(jobs.database, letter?.id ?? "")).to.equal(true);
    await noneLeft();
    expect(await Array.fromAsync(deadLetters(jobs.database))).to.deep.equal([]);
    expect(await retryDeadLetter(jobs.database, letter?.id ?? "")).to.equal(false);
  });

  it("that failed for good can be discarded", async () => {
    await start({ adopt: () => Promise.reject(new Error("broken for good")) });
    await addForOneTry("r");
    const [letter] = await eventually("a dead letter", async () => {
      const found = await Array.fromAsync(deadLetters(jobs.database));
      return found.length > 0 && found;
    });
    expect(await discardDeadLetter(jobs.database, letter?.id ?? "")).to.equal(true);
    expect(await Array.fromAsync(deadLetters(jobs.database))).to.deep.equal([]);
    expect(await discardDeadLetter(jobs.database, letter?.id ?? "")).to.equal(false);
    expect(await retryDeadLetter(jobs.database, letter?.id ?? "")).to.equal(false);
  });

  it("that are waiting are replaced by a newer one with the same key: two requests are one run", async () => {
    const later = new Date(Date.now() + 3_600_000);
    const runs: string[] = [];
    await add("r", { runAt: later });
    await add("r", { runAt: later });
    await add("r");
    await start({ adopt: async ({ room_id }) => void runs.push(room_id) });
    await noneLeft();
    expect(runs).to.deep.equal(["r"]);
  });

  it("that were superseded while they ran are not retried", async () => {
    let runs = 0;
    const begun = Promise.withResolvers<void>();
    const mayFail = Promise.withResolvers<void>();
    await start({
      adopt: async () => {
        runs += 1;
        if (runs > 1) return;
        begun.resolve();
        await mayFail.promise;
        throw new Error("the first one failed");
      },
    });
    await add("r");
    await begun.promise;
    await add("r");
    mayFail.resolve();
    await noneLeft();
    expect(runs).to.equal(2);
    expect(await Array.fromAsync(deadLetters(jobs.database))).to.deep.equal([]);
  });

  it("are finished before the runner stops", async () => {
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    await start({
      adopt: async () => {
        begun.resolve();
        await mayEnd.promise;
      },
    });
    await add("r");
    await begun.promise;
    const stopped = runner?.stop();
    runner = undefined;
    mayEnd.resolve();
    await stopped;
    expect(await rows()).to.deep.equal([]);
  });
});
