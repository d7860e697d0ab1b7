import { EventEmitter } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { type Job, type Runner, run, type WorkerEvents, Logger as WorkerLogger } from "graphile-worker";
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import type { InTurn, JobName, JobPayloads } from "../store/jobs.ts";
import { retryIn } from "./backoff.ts";
import { jobsPool } from "./pool.ts";
import { runPromptly } from "./prompt.ts";
import { type Serial, serialQueues } from "./serial.ts";
import { holdWorkerLock, type WorkerLocks } from "./worker-locks.ts";

/** What carries out each kind of job. Idempotent: a job runs again after a crash, a restart or an error. */
export type TaskList = {
  readonly [Name in JobName]: (payload: JobPayloads[Name], inTurn: InTurn) => Promise<void>;
};

/** Jobs that the clock starts. Times are UTC, in cron notation. */
export interface Timed {
  readonly name: string;
  readonly cron: string;
  readonly run: () => Promise<unknown>;
}

export interface JobRunnerOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly tasks: TaskList;
  readonly timed: readonly Timed[];
  readonly log: Logger;
  /** The other side is away, so trying is free: such failures do not count towards the dead letter. */
  readonly isAway: (error: unknown) => boolean;
  readonly onFatal: (error: Error) => void;
}

export interface JobRunner {
  /** Lets running jobs finish, then stops. */
  stop(): Promise<void>;
}

/** Jobs of queues that run at once in this process. The lanes of rooms for which nobody waits are half of them at most. */
export const JOBS_AT_ONCE = 16;

/** For the bookkeeping of jobs: each is held for an instant, but for the one that listens. */
const JOB_CONNECTIONS = 6;

/** A job that lost its key was replaced by a newer one while it ran, which does its work: it is not tried again. */
const AGAIN = `
  SELECT graphile_worker.reschedule_jobs(array(SELECT id FROM graphile_worker._private_jobs WHERE id = $1 AND key IS NOT NULL AND $3 < max_attempts),
           now() + $2 * interval '1 millisecond', NULL, $3),
         graphile_worker.complete_jobs(array(SELECT id FROM graphile_worker._private_jobs WHERE id = $1 AND key IS NULL))`;

/**
 * Starts carrying out jobs in this process. Several processes may: each job runs in one of them.
 * @throws what kept it from starting. Everything it had opened is closed by then, so it can be tried again for ever.
 */
export async function startJobs(options: JobRunnerOptions): Promise<JobRunner> {
  await using opened = new AsyncDisposableStack();
  const events: WorkerEvents = new EventEmitter();
  const locks: WorkerLocks = await holdWorkerLock(options);
  opened.defer(() => locks.release());
  events.on("pool:create", ({ workerPool }) => locks.hold(workerPool.id));
  events.on("job:complete", ({ job, error }) => {
    if (error == null) return;
    const away = options.isAway(error);
    // While the other side is away every job fails, again and again; readiness and metrics tell of that.
    options.log[away ? "debug" : "warn"](
      { task: job.task_identifier, attempt: job.attempts, away, err: error },
      job.attempts < job.max_attempts || away ? "job failed, will be tried again" : "job failed for good",
    );
    // graphile-worker's own back-off stands if this fails: later, not lost.
    void bringForward(options, job, away).catch((failure: unknown) =>
      options.log.warn({ err: failure }, "could not bring a retry forward"),
    );
  });
  let stopping = false;
  const gaveUp = (error: unknown) => {
    if (!stopping) options.onFatal(error instanceof Error ? error : new Error(String(error)));
  };
  // It gives up when it cannot write down how a job ended. Its promise tells of that as of a good end, and only when the
  // jobs that run are done; no job is begun meanwhile.
  events.on("pool:fatalError", ({ error }) => gaveUp(error));
  events.on("pool:gracefulShutdown", ({ message }) => gaveUp(new Error(message)));
  const serial = serialQueues(options.databaseUrl, JOBS_AT_ONCE, (error) =>
    options.log.warn({ err: error }, "a connection that holds a queue broke"),
  );
  opened.defer(() => serial.close());
  const pool = jobsPool(options.databaseUrl, JOB_CONNECTIONS, options.log);
  opened.defer(() => pool.end());
  const runner: Runner = await run({
    pgPool: pool,
    // For each job that runs another may wait for its queue, which must not keep those of other queues from running.
    concurrency: 2 * JOBS_AT_ONCE,
    pollInterval: 2_000,
    noHandleSignals: true,
    // Without these graphile-worker writes down how a job ended in promises that nobody looks after: when the database
    // goes away they end the process. In batches it tries again, and at last gives the runner up, which is noticed.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    events,
    logger: quiet(options.log),
    taskList: taskList(options, serial),
    crontab: options.timed.map(({ cron, name }) => `${cron} ${name} ?jobKey=${name}`).join("\n"),
  });
  opened.defer(() => runner.stop());
  opened.defer(
    runPromptly({
      ...options,
      serial,
      // The name and the payload come out of one spec, so they belong together.
      carryOut: ({ name, payload }, inTurn) => options.tasks[name](payload as never, inTurn),
    }),
  );
  runner.promise.then(() => gaveUp(new Error("the runner of jobs ended by itself")), gaveUp);
  // Closed in the opposite order: prompt runs, the runner, its connections, and last the lock by which others know us.
  const running = opened.move();
  return {
    stop: async () => {
      stopping = true;
      await running.disposeAsync();
    },
  };
}

/** How long graphile-worker may take to write down that a job failed, in looks and in milliseconds between them. */
const LOOKS = 100;
const BETWEEN = 20;

/**
 * Puts our own back-off in the place of graphile-worker's, which soon waits for hours. It writes the failure down
 * without telling when that is done, and until then the job cannot be changed.
 */
async function bringForward({ database }: JobRunnerOptions, job: Job, away: boolean): Promise<void> {
  // Tries that cost nothing do not grow apart by themselves: they are spread over two seconds, not made at once.
  const delay = away ? 1_000 + Math.random() * 2_000 : retryIn(job.attempts);
  const attempts = away ? job.attempts - 1 : job.attempts;
  for (let look = 0; look < LOOKS; look++) {
    const changed = await database.query(AGAIN, [job.id, delay, attempts]);
    if (changed.rowCount !== 0) return;
    await wait(BETWEEN);
  }
}

function taskList({ tasks, timed }: JobRunnerOptions, serial: Serial) {
  const list: Record<string, (payload: unknown) => Promise<void>> = {};
  for (const [name, task] of Object.entries(tasks)) {
    // graphile-worker hands payloads back as unknown; they were typed when they were added (store/jobs.ts).
    list[name] = (payload) => serial.run(queueOf(payload), (inTurn) => task(payload as never, inTurn));
  }
  for (const { name, run: start } of timed) list[name] = async () => void (await start());
  return list;
}

function queueOf(payload: unknown): string | undefined {
  const named =
    typeof payload === "object" && payload !== null && "queue" in payload ? payload.queue : undefined;
  return typeof named === "string" ? named : undefined;
}

function quiet(log: Logger): WorkerLogger {
  return new WorkerLogger(() => (level, message) => {
    // Failures are logged above with their cause; payloads never are.
    if (level === "error") log.debug({ message }, "graphile-worker");
  });
}
