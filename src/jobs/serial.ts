import pg from "pg";

/** The space of advisory locks that the names of queues live in; any constant. */
const SPACE = 7_316_003;

/** Runs the jobs of one queue one after another, over all processes. */
export interface Serial {
  run(queue: string | undefined, work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Queues by advisory lock. graphile-worker has queues of its own, but looking for a job it locks the row of every
 * queue that is free, and finds none for the other workers meanwhile: with a queue for each of 10,000 rooms it came to
 * ten jobs a second. Here a job waits for the lock of its queue, which PostgreSQL lets go when the process dies. Since
 * a waiting job is replaced by the next of its key, at most one waits for each that runs.
 */
export function serialQueues(databaseUrl: string, width: number, onError: (error: Error) => void): Serial {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: width, application_name: "whisper queues" });
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));
  return {
    run: async (queue, work) => {
      if (queue === undefined) return work();
      const client = await pool.connect();
      let broken = true;
      try {
        await client.query("SELECT pg_advisory_lock($1, hashtext($2))", [SPACE, queue]);
        await work();
        await client.query("SELECT pg_advisory_unlock($1, hashtext($2))", [SPACE, queue]);
        broken = false;
      } finally {
        // After a failure the connection is closed, and with it the lock is let go.
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}
