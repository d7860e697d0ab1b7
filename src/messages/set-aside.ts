import type { ConversationId } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";

/** Events and sends that are waiting, and those that were given up after several tries: the dead letters. */

/** SQL for how many events and sends wait, and how many were put aside: columns `what` and `count`. */
export const WAITING = `
  SELECT 'events' AS what, count(*) FROM inbox WHERE handled_at IS NULL AND parked_at IS NULL
  UNION ALL SELECT 'events_parked', count(*) FROM inbox WHERE parked_at IS NOT NULL
  UNION ALL SELECT 'sends', count(*) FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL
  UNION ALL SELECT 'sends_parked', count(*) FROM outbox WHERE dropped_at IS NOT NULL AND attempts > 0`;

/** SQL for the events put aside: `number`, `type`, `since`, `attempts` and `error`. */
export const PARKED_EVENTS = `
  SELECT seq AS number, type, parked_at AS since, attempts, coalesce(last_error, '') AS error
  FROM inbox WHERE parked_at IS NOT NULL`;

/** Events put aside that are read together: each has up to 64 kB. */
const BATCH = 100;

/** The events put aside, as stored. */
export async function* parkedEvents(db: Queryable): AsyncGenerator<unknown> {
  for (let after = "0"; ; ) {
    const { rows } = await db.query<{ seq: string; event: unknown }>(
      "SELECT seq, event FROM inbox WHERE parked_at IS NOT NULL AND seq > $1 ORDER BY seq LIMIT $2",
      [after, BATCH],
    );
    for (const { event } of rows) yield event;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

const GIVEN_UP = "dropped_at IS NOT NULL AND attempts > 0";

/** SQL for the sends given up: the same, and the `kind` of conversation they were for. */
export const GIVEN_UP_SENDS = `
  SELECT o.seq AS number, o.type, c.kind, o.dropped_at AS since, o.attempts, coalesce(o.last_error, '') AS error
  FROM (SELECT * FROM outbox WHERE ${GIVEN_UP}) AS o JOIN conversations c ON c.id = o.conversation_id`;

/** Gives an event that was put aside another round of tries. @returns false: there is none with this number. */
export async function retryEvent(tx: Transaction, number: string): Promise<boolean> {
  const found = await tx.query<{ room_id: string }>(
    `UPDATE inbox SET parked_at = NULL, attempts = 0, killed = 0, retry_at = NULL
     WHERE seq = $1 AND parked_at IS NOT NULL RETURNING room_id`,
    [number],
  );
  const room = found.rows[0]?.room_id;
  if (room === undefined) return false;
  await addJob(tx, "inbox", { room_id: room }, { queue: `inbox:${room}` });
  return true;
}

/** Gives a send that was given up another round of tries. @returns false: there is none with this number. */
export async function retrySend(tx: Transaction, number: string): Promise<boolean> {
  const found = await tx.query<{ conversation_id: ConversationId }>(
    `UPDATE outbox SET dropped_at = NULL, attempts = 0 WHERE seq = $1 AND ${GIVEN_UP} RETURNING conversation_id`,
    [number],
  );
  const id = found.rows[0]?.conversation_id;
  if (id === undefined) return false;
  await addJob(tx, "outbox", { conversation_id: id }, { queue: `outbox:${id}` });
  return true;
}

/** An event that was put aside counts as handled. @returns false: there is none with this number. */
export async function discardEvent(db: Queryable, number: string): Promise<boolean> {
  const discarded = await db.query(
    "UPDATE inbox SET parked_at = NULL, handled_at = now() WHERE seq = $1 AND parked_at IS NOT NULL",
    [number],
  );
  return discarded.rowCount !== 0;
}

/**
 * A send that was given up is never made. It stays among those that were given up, like one about something that was
 * never sent. @returns false: there is none with this number.
 */
export async function discardSend(db: Queryable, number: string): Promise<boolean> {
  const discarded = await db.query(`UPDATE outbox SET attempts = 0 WHERE seq = $1 AND ${GIVEN_UP}`, [number]);
  return discarded.rowCount !== 0;
}
