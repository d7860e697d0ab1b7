import pg from "pg";
import type { Logger } from "pino";

/** How often a statement is said, at most: each time takes another transaction that deadlocks with it. */
const TRIES = 20;
const DEADLOCK = "40P01";

/**
 * What graphile-worker writes down of several jobs at once can deadlock with a transaction that asks for some of them
 * again, and on the first such error it gives up all its work (0.18.0: the loop that should try again leaves at once).
 * PostgreSQL has then undone the statement, which is said again. Its statements on jobs are the named ones, and each is a
 * transaction by itself.
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
 * A pool of our own: graphile-worker looks after its own one's broken connections until it stops, and not while. What it
 * writes down, that a job was taken or is done, need not be on the disk at once: after a power cut a job runs again.
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
