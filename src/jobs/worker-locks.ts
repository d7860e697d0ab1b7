import pg from "pg";
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";

/** The space of advisory locks for worker ids; any constant. */
const SPACE = 7_316_002;
/** A worker's lock is taken an instant after its id exists; younger jobs are never taken from it. */
const GRACE_SECONDS = 2;
const EVERY = 1_000;

export interface WorkerLocks {
  /** From now on the worker with this id counts as alive, until this process ends or releases it. */
  hold(workerId: string): void;
  release(): Promise<void>;
}

/**
 * Returns the jobs of dead workers within seconds; graphile-worker itself waits four hours. Each process holds a
 * session advisory lock under its worker's id, which PostgreSQL releases when the process dies. A process that can
 * take the lock of a worker that still has jobs knows that it is dead, and unlocks them.
 */
export async function holdWorkerLock(options: {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly log: Logger;
  readonly onFatal: (error: Error) => void;
}): Promise<WorkerLocks> {
  const session = new pg.Client({
    connectionString: options.databaseUrl,
    application_name: "whisper worker lock",
    keepAlive: true,
  });
  let released = false;
  session.on("error", (error) => {
    // Without its lock, other processes believe this one dead: it must stop working.
    if (!released)
      options.onFatal(new Error("lost the connection that holds the worker lock", { cause: error }));
  });
  try {
    await session.connect();
  } catch (error) {
    await session.end();
    throw error;
  }
  const mine = new Set<string>();
  let running: Promise<void> | undefined;
  const sweep = async () => {
    const holders = await session.query<{ id: string }>(
      `SELECT id FROM (
         SELECT locked_by AS id FROM graphile_worker._private_jobs
          WHERE locked_at < now() - $1 * interval '1 second'
         UNION
         SELECT locked_by FROM graphile_worker._private_job_queues
          WHERE locked_at < now() - $1 * interval '1 second') AS holders
       WHERE id IS NOT NULL`,
      [GRACE_SECONDS],
    );
    for (const { id } of holders.rows) if (!mine.has(id)) await recover(session, id, options.log);
  };
  const timer = setInterval(() => {
    running ??= sweep()
      .catch((error: unknown) => options.log.warn({ err: error }, "could not look for dead workers"))
      .finally(() => {
        running = undefined;
      });
  }, EVERY);
  return {
    hold: (id) => {
      mine.add(id);
      session.query("SELECT pg_advisory_lock($1, hashtext($2))", [SPACE, id]).catch((error: unknown) => {
        if (!released) options.onFatal(new Error("could not take the worker lock", { cause: error }));
      });
    },
    release: async () => {
      clearInterval(timer);
      await running;
      released = true;
      await session.end();
    },
  };
}

async function recover(session: pg.Client, id: string, log: Logger): Promise<void> {
  const lock = await session.query<{ free: boolean }>(
    "SELECT pg_try_advisory_lock($1, hashtext($2)) AS free",
    [SPACE, id],
  );
  if (lock.rows[0]?.free !== true) return;
  try {
    await session.query("SELECT graphile_worker.force_unlock_workers($1::text[])", [[id]]);
    log.info({ worker: id }, "took over the jobs of a worker that died");
  } finally {
    await session.query("SELECT pg_advisory_unlock($1, hashtext($2))", [SPACE, id]);
  }
}
