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

/** The handler of each kind of job. Idempotent: a job runs again after a crash, a restart or an error. */
export type TaskList = {
  readonly [Name in JobName]: (payload: JobPayloads[Name], inTurn: InTurn) => Promise<void>;
};

/** Scheduled jobs. Times are UTC, in cron notation. */
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
  /** The other side is away, so trying costs nothing: such failures do not count towards the dead letter. */
  readonly isAway: (error: unknown) => boolean;
  readonly onFatal: (error: Error) => void;
}

export interface JobRunner {
  /** Lets running jobs finish, then stops. */
  stop(): Promise<void>;
}

/** Concurrent jobs with queues in this process. The lanes of rooms that nobody is waiting for use at most half. */
export const JOBS_AT_ONCE = 16;

/** For the bookkeeping of jobs: each connection is held for an instant, except the one that listens. */
const JOB_CONNECTIONS = 6;

/** A job that lost its key was replaced while it ran by a newer one that does its work: it is not retried. */
const AGAIN = `
  SELECT graphile_worker.reschedule_jobs(array(SELECT id FROM graphile_worker._private_jobs WHERE id = $1 AND key IS NOT NULL AND $3 < max_attempts),
           now() + $2 * interval '1 millisecond', NULL, $3),
         graphile_worker.complete_jobs(array(SELECT id FROM graphile_worker._private_jobs WHERE id = $1 AND key IS NULL))`;

/**
 * Starts running jobs in this process. Several processes may: each job runs in one of them.
 * @throws what kept it from starting. Everything it had opened is closed by then, so it can be retried for ever.
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
    // While the other side is away every job fails repeatedly; readiness and metrics report that.
    options.log[away ? "debug" : "warn"](
      { task: job.task_identifier, attempt: job.attempts, away, err: error },
      job.attempts < job.max_attempts || away ? "job failed, will be retried" : "job failed for good",
    );
    // If this fails, graphile-worker's own back-off applies: the job is later, not lost.
    void bringForward(options, job, away).catch((failure: unknown) =>
      options.log.warn({ err: failure }, "could not bring a retry forward"),
    );
  });
  let stopping = false;
  const gaveUp = (error: unknown) => {
    if (!stopping) options.onFatal(error instanceof Error ? error : new Error(String(error)));
  };
  // The runner gives up if it cannot record how a job ended. Its promise then resolves as if it had ended well, once
  // the running jobs are done; no job is started meanwhile.
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
    // For each running job another may wait for its queue, and must not keep jobs of other queues from running.
    concurrency: 2 * JOBS_AT_ONCE,
    pollInterval: 2_000,
    noHandleSignals: true,
    // Without these, graphile-worker records how a job ended in promises that nobody awaits: if the database goes away
    // they end the process. In batches it retries, and finally gives up the runner, which is noticed.
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
      // The name and the payload come from one spec, so they belong together.
      carryOut: ({ name, payload }, inTurn) => options.tasks[name](payload as never, inTurn),
    }),
  );
  runner.promise.then(() => gaveUp(new Error("the job runner ended unexpectedly")), gaveUp);
  // Closed in reverse order: prompt runs, the runner, its connections, and last the lock by which others know us.
  const running = opened.move();
  return {
    stop: async () => {
      stopping = true;
      await running.disposeAsync();
    },
  };
}

/**
 * How long graphile-worker may take to record that a job failed: the number of checks, and the milliseconds between
 * them.
 */
const LOOKS = 100;
const BETWEEN = 20;

/**
 * Replaces graphile-worker's back-off, which soon waits for hours, with our own. It records the failure without
 * reporting when that is done, and until then the job cannot be changed.
 */
async function bringForward({ database }: JobRunnerOptions, job: Job, away: boolean): Promise<void> {
  // Free tries do not spread out by themselves: they are spread over two seconds instead of running at the same time.
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
    // graphile-worker returns payloads as unknown; they were typed when they were added (store/jobs.ts).
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
