import { type Database, onlyRow } from "../store/database.ts";
import { addJob, MAX_ATTEMPTS } from "../store/jobs.ts";

/** Something that was tried often and put aside so that the rest goes on. Its content is not shown: it may be private. */
export interface DeadLetter {
  readonly id: string;
  readonly kind: "event" | "send" | "job";
  readonly since: Date;
  readonly attempts: number;
  /** What kind of error, in a word or two. */
  readonly error: string;
}

/** All dead letters, oldest first; at most 1,000. */
export async function deadLetters(database: Database): Promise<DeadLetter[]> {
  const found = await database.query<DeadLetter>(
    `SELECT 'event:' || seq AS id, 'event' AS kind, parked_at AS since, attempts, coalesce(last_error, '') AS error
       FROM inbox WHERE parked_at IS NOT NULL
     UNION ALL
     SELECT 'send:' || seq, 'send', dropped_at, attempts, coalesce(last_error, '')
       FROM outbox WHERE dropped_at IS NOT NULL AND attempts > 0
     UNION ALL
     SELECT 'job:' || j.id, 'job', j.updated_at, j.attempts, t.identifier || ': ' || coalesce(split_part(j.last_error, E'\\n', 1), '')
       FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
      WHERE j.attempts >= j.max_attempts AND j.key IS NOT NULL AND j.locked_at IS NULL
     ORDER BY since LIMIT 1000`,
  );
  return found.rows;
}

/** Gives a dead letter another round of tries. @returns false when there is none with this id. */
export async function retryDeadLetter(database: Database, id: string): Promise<boolean> {
  const [kind = "", number = ""] = id.split(":");
  if (!/^\d{1,18}$/.test(number)) return false;
  return database.transaction(async (tx) => {
    switch (kind) {
      case "event": {
        const found = await tx.query<{ room_id: string }>(
          `UPDATE inbox SET parked_at = NULL, attempts = 0, retry_at = NULL
           WHERE seq = $1 AND parked_at IS NOT NULL RETURNING room_id`,
          [number],
        );
        const room = found.rows[0]?.room_id;
        if (room === undefined) return false;
        await addJob(tx, "inbox", { room_id: room }, { key: `inbox:${room}`, queue: `inbox:${room}` });
        return true;
      }
      case "send": {
        const found = await tx.query<{ conversation_id: string }>(
          `UPDATE outbox SET dropped_at = NULL, attempts = 0
           WHERE seq = $1 AND dropped_at IS NOT NULL AND attempts > 0 RETURNING conversation_id`,
          [number],
        );
        const id = found.rows[0]?.conversation_id;
        if (id === undefined) return false;
        await addJob(tx, "outbox", { conversation_id: id }, { key: `outbox:${id}`, queue: `outbox:${id}` });
        return true;
      }
      case "job": {
        const retried = await tx.query<{ count: string }>(
          `SELECT count(*) FROM graphile_worker.reschedule_jobs(array(SELECT id FROM graphile_worker._private_jobs
             WHERE id = $1 AND attempts >= max_attempts AND locked_at IS NULL), now(), NULL, 0, $2)`,
          [number, MAX_ATTEMPTS],
        );
        return onlyRow(retried).count !== "0";
      }
      default:
        return false;
    }
  });
}
