import {
  discardEvent,
  discardSend,
  GIVEN_UP_SENDS,
  PARKED_EVENTS,
  retryEvent,
  retrySend,
} from "../messages/set-aside.ts";
import { type Database, onlyRow } from "../store/database.ts";
import { MAX_ATTEMPTS } from "../store/jobs.ts";

/**
 * Something that could not be done and was put aside so that the rest continues. Its content is not shown, since it may
 * be private.
 */
export interface DeadLetter {
  readonly id: string;
  readonly kind: "event" | "send" | "job";
  /** An event's type; or a send's type and the kind of conversation it was for. */
  readonly what: string;
  readonly since: Date;
  readonly attempts: number;
  /** The kind of error, in a word or two. */
  readonly error: string;
}

const GIVEN_UP_JOB = "attempts >= max_attempts AND key IS NOT NULL AND locked_at IS NULL";

/** Rows read at a time. */
const PAGE = 1_000;

/** All dead letters, oldest first, however many there are. May include ones that arrive meanwhile. */
export async function* deadLetters(database: Database): AsyncGenerator<DeadLetter> {
  let last = { at: "-infinity", id: "" };
  for (;;) {
    const found = await database.query<DeadLetter & { readonly at: string }>(
      `SELECT *, since::text AS at FROM (
         SELECT 'event:' || number AS id, 'event' AS kind, type AS what, since, attempts, error
           FROM (${PARKED_EVENTS}) AS events
         UNION ALL
         SELECT 'send:' || number, 'send', type || ' to ' || kind, since, attempts, error
           FROM (${GIVEN_UP_SENDS}) AS sends
         UNION ALL
         SELECT 'job:' || j.id, 'job', 'job', j.updated_at, j.attempts,
                t.identifier || ': ' || coalesce(split_part(j.last_error, E'\\n', 1), '')
           FROM (SELECT * FROM graphile_worker._private_jobs WHERE ${GIVEN_UP_JOB}) j
           JOIN graphile_worker._private_tasks t ON t.id = j.task_id) AS letter
       WHERE (since, id) > ($1::timestamptz, $2) ORDER BY since, id LIMIT ${PAGE}`,
      [last.at, last.id],
    );
    for (const { at, ...letter } of found.rows) {
      last = { at, id: letter.id };
      yield letter;
    }
    if (found.rows.length < PAGE) return;
  }
}

interface Numbered {
  readonly kind: DeadLetter["kind"];
  readonly number: string;
}

/** The parts of `send:12`; null: it is not the id of a dead letter. */
function numbered(id: string): Numbered | null {
  const [, kind, number] = /^(event|send|job):(\d{1,18})$/.exec(id) ?? [];
  if (number === undefined) return null;
  return kind === "event" || kind === "send" || kind === "job" ? { kind, number } : null;
}

/** Gives a dead letter another round of tries. @returns false if there is none with this id. */
export async function retryDeadLetter(database: Database, id: string): Promise<boolean> {
  const letter = numbered(id);
  if (letter === null) return false;
  const { kind, number } = letter;
  return database.transaction(async (tx) => {
    switch (kind) {
      case "event":
        return retryEvent(tx, number);
      case "send":
        return retrySend(tx, number);
      case "job": {
        const retried = await tx.query<{ count: string }>(
          `SELECT count(*) FROM graphile_worker.reschedule_jobs(array(SELECT id FROM graphile_worker._private_jobs
             WHERE id = $1 AND ${GIVEN_UP_JOB}), now(), NULL, 0, $2)`,
          [number, MAX_ATTEMPTS],
        );
        return onlyRow(retried).count !== "0";
      }
      default:
        return kind satisfies never;
    }
  });
}

/**
 * Discards a dead letter for good: an event counts as handled, a send is never made, a job is deleted.
 * @returns false if there is none with this id.
 */
export async function discardDeadLetter(database: Database, id: string): Promise<boolean> {
  const letter = numbered(id);
  if (letter === null) return false;
  const { kind, number } = letter;
  switch (kind) {
    case "event":
      return discardEvent(database, number);
    case "send":
      return discardSend(database, number);
    case "job": {
      const discarded = await database.query(
        `SELECT FROM graphile_worker.complete_jobs(
           array(SELECT id FROM graphile_worker._private_jobs WHERE id = $1 AND ${GIVEN_UP_JOB}))`,
        [number],
      );
      return discarded.rowCount !== 0;
    }
    default:
      return kind satisfies never;
  }
}
