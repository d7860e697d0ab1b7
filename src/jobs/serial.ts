import pg from "pg";

/** The space of advisory locks that the names of queues live in; any constant. */
const SPACE = 7_316_003;

/** Runs the jobs of one queue one after another, over all processes. */
export interface Serial {
  run(queue: string | undefined, work: () => Promise<void>): Promise<void>;
  /** Whether a job of this queue runs in this process, or waits in it. */
  isBusy(queue: string): boolean;
  close(): Promise<void>;
}

/**
 * Queues by advisory lock. graphile-worker has queues of its own, but looking for a job it locks the row of every
 * queue that is free, and finds none for the other workers meanwhile: with a queue for each of 10,000 rooms it came to
 * ten jobs a second. Here a job waits for the lock of its queue, which PostgreSQL lets go when the process dies. Since
 * a waiting job is replaced by the next of its key, at most one waits for each that runs. Of those of this process only
 * the first asks for the lock: the others need no connection to wait.
 * @param width how many run at once in this process.
 */
export function serialQueues(databaseUrl: string, width: number, onError: (error: Error) => void): Serial {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: width,
    // The first job after a quiet while does not wait for a connection to be made.
    min: 2,
    application_name: "whisper queues",
  });
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));

  async function locked(queue: string, work: () => Promise<void>): Promise<void> {
    const client = await pool.connect();
    let broken = true;
    try {
      await client.query({
        name: "lock",
        text: "SELECT pg_advisory_lock($1, hashtext($2))",
        values: [SPACE, queue],
      });
      await work();
      await client.query({
        name: "unlock",
        text: "SELECT pg_advisory_unlock($1, hashtext($2))",
        values: [SPACE, queue],
      });
      broken = false;
    } finally {
      // After a failure the connection is closed, and with it the lock is let go.
      client.release(broken);
    }
  }

  /** The last job of each queue in this process, settled when it has ended in whatever way. */
  const last = new Map<string, Promise<unknown>>();
  return {
    run: async (queue, work) => {
      if (queue === undefined) return work();
      const turn = (last.get(queue) ?? Promise.resolve()).then(() => locked(queue, work));
      const ended = Promise.allSettled([turn]);
      last.set(queue, ended);
      try {
        await turn;
      } finally {
        if (last.get(queue) === ended) last.delete(queue);
      }
    },
    isBusy: (queue) => last.has(queue),
    close: () => pool.end(),
  };
}
