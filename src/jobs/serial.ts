import pg from "pg";
import type { InTurn } from "../store/jobs.ts";

/** The space of advisory locks that the names of queues live in; any constant. */
const SPACE = 7_316_003;

/** Runs the jobs of one queue one after another, over all processes. */
export interface Serial {
  run(queue: string | undefined, work: (inTurn: InTurn) => Promise<void>): Promise<void>;
  /** Whether a job of this queue runs in this process, or waits in it. */
  isBusy(queue: string): boolean;
  close(): Promise<void>;
}

/**
 * Queues by advisory lock. graphile-worker has queues of its own, but looking for a job it locks the row of every
 * queue that is free, and finds none for the other workers meanwhile: with a queue for each of 10,000 rooms it came to
 * ten jobs a second. Here a job waits for the lock of its queue, which PostgreSQL lets go when the process dies.
 * One job waits at most for each that runs. In the table a waiting job is replaced by the next of its key, which is the
 * name of its queue; one that has been taken and waits here is done when the next comes, which does its work. Of those of
 * this process only the first asks for the lock: the other needs no connection to wait.
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

  async function locked(
    queue: string,
    work: (inTurn: InTurn) => Promise<void>,
    /** It holds the lock of another queue meanwhile, and can hold this one's too. */
    held?: pg.PoolClient,
  ): Promise<void> {
    const client = held ?? (await pool.connect());
    let broken = true;
    try {
      await client.query({
        name: "lock",
        text: "SELECT pg_advisory_lock($1, hashtext($2))",
        values: [SPACE, queue],
      });
      try {
        await work((other, part) => inTurn(other, () => locked(other, part, client)));
        broken = false;
      } finally {
        // After a failure the connection is closed, and with it the lock is let go; unless another lock is held by it.
        if (!broken || held !== undefined)
          await client.query({
            name: "unlock",
            text: "SELECT pg_advisory_unlock($1, hashtext($2))",
            values: [SPACE, queue],
          });
      }
    } catch (error) {
      broken = true;
      throw error;
    } finally {
      if (held === undefined) client.release(broken);
    }
  }

  /** The last job of each queue in this process, settled when it has ended in whatever way. */
  const last = new Map<string, Promise<unknown>>();
  function inTurn(queue: string, locking: () => Promise<void>): Promise<void> {
    const turn = (last.get(queue) ?? Promise.resolve()).then(locking);
    const ended = Promise.allSettled([turn]).then(() => {
      if (last.get(queue) === ended) last.delete(queue);
    });
    last.set(queue, ended);
    return turn;
  }

  /** Has the job of each queue that waits behind another in this process wait no longer. */
  const giveWay = new Map<string, () => void>();
  function runJob(queue: string, work: (inTurn: InTurn) => Promise<void>): Promise<void> {
    giveWay.get(queue)?.();
    if (!last.has(queue)) return inTurn(queue, () => locked(queue, work));
    const { promise: superseded, resolve } = Promise.withResolvers<void>();
    let waits = true;
    const mine = () => {
      waits = false;
      resolve();
    };
    giveWay.set(queue, mine);
    const turn = inTurn(queue, async () => {
      if (giveWay.get(queue) === mine) giveWay.delete(queue);
      if (waits) await locked(queue, work);
    });
    return Promise.race([turn, superseded]);
  }

  return {
    run: (queue, work) =>
      queue === undefined
        ? work((other, part) => inTurn(other, () => locked(other, part)))
        : runJob(queue, work),
    isBusy: (queue) => last.has(queue),
    close: () => pool.end(),
  };
}
