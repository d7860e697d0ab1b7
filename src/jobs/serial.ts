import pg from "pg";
import type { InTurn } from "../store/jobs.ts";

/** The space of advisory locks for the names of queues; any constant. */
const SPACE = 7_316_003;

/** Runs the jobs of one queue one after another, across all processes. */
export interface Serial {
  run(queue: string | undefined, work: (inTurn: InTurn) => Promise<void>): Promise<void>;
  /** Is a job of this queue running or waiting in this process? */
  isBusy(queue: string): boolean;
  close(): Promise<void>;
}

/**
 * Queues by advisory lock. graphile-worker has its own queues, but while looking for a job it locks the row of every
 * free queue, and finds none for other workers meanwhile: with a queue for each of 10,000 rooms it managed ten jobs a
 * second. Here a job waits for its queue's lock, which PostgreSQL releases when the process dies. At most one job waits
 * for each running one. In the table a waiting job is replaced by the next with its key, which is its queue's name; one
 * that has been taken and waits here counts as done when the next arrives, which does its work. Within this process
 * only the first job asks for the lock: the other needs no connection to wait.
 * @param width how many run concurrently in this process.
 */
export function serialQueues(databaseUrl: string, width: number, onError: (error: Error) => void): Serial {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: width,
    // So that the first job after a quiet period need not wait for a new connection.
    min: 2,
    application_name: "whisper queues",
  });
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));

  async function locked(
    queue: string,
    work: (inTurn: InTurn) => Promise<void>,
    /** The connection already holds another queue's lock, and can hold this one's too. */
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
        // After a failure the connection is closed, which releases the lock, unless it holds another lock.
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

  /** Each queue's last job in this process, settled once it has ended in any way. */
  const last = new Map<string, Promise<unknown>>();
  function inTurn(queue: string, locking: () => Promise<void>): Promise<void> {
    const turn = (last.get(queue) ?? Promise.resolve()).then(locking);
    const ended = Promise.allSettled([turn]).then(() => {
      if (last.get(queue) === ended) last.delete(queue);
    });
    last.set(queue, ended);
    return turn;
  }

  /** Releases, in each queue, the job that waits behind another one in this process. */
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
