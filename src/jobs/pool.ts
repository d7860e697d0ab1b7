import pg from "pg";
import type { Logger } from "pino";

/** The most times a statement is run: each repeat needs another transaction that deadlocks with it. */
const TRIES = 20;
const DEADLOCK = "40P01";

/**
 * When graphile-worker records the results of several jobs, that can deadlock with a transaction that queues some of
 * them again, and on the first such error it abandons all its work (0.18.0: the loop that should retry exits
 * immediately). PostgreSQL has then undone the statement, so it is run again. Its statements on jobs are the named
 * ones, and each is a transaction of its own.
 */
class JobsClient extends pg.Client {
  override readonly query = (async (config: unknown, ...rest: unknown[]) => {
    const once = super.query as unknown as (...args: unknown[]) => Promise<unknown>;
    const named =
      typeof config === "object" && config !== null && "name" in config && config.name !== undefined;
    for (let tried = 1; ; tried++) {
      try {
        return await once.call(this, config, ...rest);
      } catch (error) {
        const deadlock = error instanceof pg.DatabaseError && error.code === DEADLOCK;
        if (!named || !deadlock || tried === TRIES) throw error;
      }
    }
  }) as pg.Client["query"];
}

/**
 * A pool of our own: graphile-worker handles broken connections of its own pool only until it begins to stop. What it
 * records, that a job was taken or is done, need not be on the disk immediately: after a power cut a job runs again.
 */
export function jobsPool(databaseUrl: string, max: number, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    application_name: "whisper jobs",
    options: "-c synchronous_commit=off",
    Client: JobsClient,
  });
  const broke = (error: Error) => log.warn({ err: error }, "a connection of the jobs broke");
  pool.on("error", broke);
  pool.on("connect", (client) => client.on("error", broke));
  return pool;
}
