import type { EventId, RoomId } from "../policy/model.ts";
import { onlyRow, type Queryable } from "../store/database.ts";
import type { MatrixEvent } from "./event.ts";
import { REF_KEY } from "./outbox.ts";

/**
 * What others ask the inbox. Functions that return SQL are for statements that join it; their arguments are SQL
 * expressions.
 */

/** SQL for an event's `room_id` and `position`; no row: it is not stored, or forgotten. */
export const storedEvent = (event: string): string =>
  `SELECT room_id, seq AS position FROM inbox WHERE event_id = ${event}`;

/** SQL for a condition: the event was handled. */
export const isHandled = (event: string): string =>
  `EXISTS (SELECT FROM inbox WHERE event_id = ${event} AND handled_at IS NOT NULL)`;

/**
 * SQL for a condition: a state event of this type and key was handled in the room after the position. Without a key,
 * whatever its key.
 */
export const stateHandledAfter = (room: string, position: string, type: string, key?: string): string =>
  `EXISTS (SELECT FROM inbox WHERE inbox.room_id = ${room} AND inbox.seq > ${position} AND inbox.handled_at IS NOT NULL
     AND inbox.event->>'type' = ${type}${key === undefined ? "" : ` AND inbox.event->>'state_key' = ${key}`})`;

/** SQL for a condition: a change of the user's membership in the room is still to be handled. */
export const membershipWaits = (room: string, user: string): string =>
  `EXISTS (SELECT FROM inbox WHERE inbox.room_id = ${room} AND inbox.type = 'm.room.member'
     AND inbox.handled_at IS NULL AND inbox.parked_at IS NULL AND inbox.event ->> 'state_key' = ${user})`;

/** SQL for a condition: something was said in the room, as far as its events are stored. */
export const somethingSaid = (room: string): string =>
  `EXISTS (SELECT FROM inbox WHERE inbox.room_id = ${room} AND NOT inbox.event ? 'state_key')`;

/** The event as it is stored; undefined: it is not, or forgotten. */
export async function eventAsStored(db: Queryable, event: EventId): Promise<unknown> {
  const found = await db.query<{ event: unknown }>("SELECT event FROM inbox WHERE event_id = $1", [event]);
  return found.rows[0]?.event;
}

/** The position of the last stored event; 0: none was ever stored. */
export async function lastPosition(db: Queryable): Promise<string> {
  const found = await db.query<{ last: string }>("SELECT coalesce(max(seq), 0) AS last FROM inbox");
  return onlyRow(found).last;
}

/** The event in the room that carries a ref of the outbox, if it was received since then. */
export async function eventWithRef(
  db: Queryable,
  room: RoomId,
  ref: string,
  since: Date,
): Promise<EventId | null> {
  const stored = await db.query<{ event_id: EventId }>(
    "SELECT event_id FROM inbox WHERE room_id = $1 AND event->'content'->>$2 = $3 AND received_at >= $4",
    [room, REF_KEY, ref, since],
  );
  return stored.rows[0]?.event_id ?? null;
}

/** Which of these events are stored. */
export async function knownEvents(db: Queryable, events: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await db.query<{ event_id: string }>("SELECT event_id FROM inbox WHERE event_id = ANY($1)", [
    events,
  ]);
  return new Set(found.rows.map((row) => row.event_id));
}

/** Seconds that the oldest event has waited. Events behind one that is being retried affect only their own room. */
export async function inboxLag(db: Queryable): Promise<number> {
  const found = await db.query<{ lag: number }>(
    `SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::float AS lag FROM inbox i
     WHERE handled_at IS NULL AND parked_at IS NULL AND NOT EXISTS (SELECT FROM inbox tried
       WHERE tried.room_id = i.room_id AND tried.handled_at IS NULL AND tried.parked_at IS NULL
         AND (tried.attempts > 0 OR tried.killed > 0))`,
  );
  return onlyRow(found).lag;
}

/**
 * A stored message, and its content as its sender last corrected it; what Whisper put in, such as links to patients, is
 * no correction. Null: it is not stored, or forgotten.
 */
export async function messageNow(
  db: Queryable,
  room: RoomId,
  event: EventId,
): Promise<{ readonly event: MatrixEvent; readonly content: MatrixEvent["content"] } | null> {
  const found = await db.query<{ event: MatrixEvent; correction: MatrixEvent["content"] | null }>(
    `SELECT event, (SELECT edit.event->'content'->'m.new_content' FROM inbox edit
        WHERE edit.event->'content'->'m.relates_to'->>'event_id' = $2
          AND edit.event->'content'->'m.relates_to'->>'rel_type' = 'm.replace'
          AND edit.event->'content'->$3 IS NULL
          AND edit.room_id = $1 AND edit.event->>'sender' = inbox.event->>'sender'
          AND jsonb_typeof(edit.event->'content'->'m.new_content') = 'object'
        ORDER BY edit.seq DESC LIMIT 1) AS correction
     FROM inbox WHERE room_id = $1 AND event_id = $2`,
    [room, event, REF_KEY],
  );
  const [row] = found.rows;
  return row === undefined ? null : { event: row.event, content: row.correction ?? row.event.content };
}

/** The message and its corrections by people that are stored, as event ids. */
export async function versionsOf(db: Queryable, room: RoomId, event: EventId): Promise<readonly EventId[]> {
  const found = await db.query<{ event_id: EventId }>(
    `SELECT event_id FROM inbox
     WHERE event->'content'->'m.relates_to'->>'event_id' = $2
       AND event->'content'->'m.relates_to'->>'rel_type' = 'm.replace'
       AND event->'content'->$3 IS NULL AND room_id = $1`,
    [room, event, REF_KEY],
  );
  return [event, ...found.rows.map(({ event_id }) => event_id)];
}
