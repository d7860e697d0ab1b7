import type { ConversationId, RoomId } from "../../policy/model.ts";
import type { Queryable, Transaction } from "../../store/database.ts";

/**
 * Which room carries a conversation, and what happens in it. Functions that return SQL are for statements that join the
 * conversations; their arguments are SQL expressions.
 */

/** SQL for the rooms of conversations: `room_id`, and the conversation's `id`. */
export const CONVERSATION_ROOMS = "SELECT room_id, id FROM conversations WHERE room_id IS NOT NULL";

/** SQL for a condition: the room carries a conversation. */
export const carriesConversation = (room: string): string =>
  `EXISTS (SELECT FROM conversations WHERE conversations.room_id = ${room})`;

/** The rooms of these conversations, without those that have none yet. */
export async function roomsOf(
  db: Queryable,
  ids: readonly ConversationId[],
): Promise<ReadonlyArray<{ readonly id: ConversationId; readonly room: RoomId }>> {
  const found = await db.query<{ id: ConversationId; room: RoomId }>(
    "SELECT id, room_id AS room FROM conversations WHERE id = ANY($1) AND room_id IS NOT NULL",
    [ids],
  );
  return found.rows;
}

/** How far back `roomsByActivity` looks, in milliseconds, and for how many rooms. */
export interface Recently {
  /** Someone wrote within this time, or nobody has and the conversation is this new. */
  readonly active: number;
  readonly made: number;
  readonly most: number;
}

/** The rooms of conversations, latest activity first. Null: all of them. */
export async function roomsByActivity(db: Queryable, recently: Recently | null): Promise<RoomId[]> {
  const found = await db.query<{ room_id: RoomId }>(
    `SELECT room_id FROM conversations
     WHERE room_id IS NOT NULL
       AND ($1 OR last_activity_at > now() - $2 * interval '1 millisecond'
               OR (last_activity_at IS NULL AND created_at > now() - $3 * interval '1 millisecond'))
     ORDER BY coalesce(last_activity_at, created_at) DESC LIMIT $4`,
    [recently === null, recently?.active ?? 0, recently?.made ?? 0, recently?.most ?? null],
  );
  return found.rows.map((row) => row.room_id);
}

/** Something was said in the room at this time (milliseconds). */
export async function activeIn(tx: Transaction, room: RoomId, at: number): Promise<void> {
  await tx.query(
    `UPDATE conversations SET last_activity_at = greatest(last_activity_at, to_timestamp($2 / 1000.0))
     WHERE room_id = $1`,
    [room, at],
  );
}

/**
 * Records that the conversation's room is being made, so that a room made by a process that ended is looked for.
 * @returns whether it was begun before; null: the conversation has a room.
 */
export async function beginRoom(
  db: Queryable,
  id: ConversationId,
): Promise<{ readonly again: boolean } | null> {
  const begun = await db.query<{ again: boolean }>(
    `UPDATE conversations AS now SET creating_since = coalesce(now.creating_since, clock_timestamp())
     FROM (SELECT id, creating_since FROM conversations WHERE id = $1 AND room_id IS NULL FOR UPDATE) AS before
     WHERE now.id = before.id RETURNING before.creating_since IS NOT NULL AS again`,
    [id],
  );
  return begun.rows[0] ?? null;
}

/** Is the conversation's room being made, or was it when the process ended? */
export async function isRoomBegun(db: Queryable, id: ConversationId): Promise<boolean> {
  const begun = await db.query("SELECT FROM conversations WHERE id = $1 AND creating_since IS NOT NULL", [
    id,
  ]);
  return begun.rowCount !== 0;
}

/** The ones whose room a job may be making right now. */
export async function roomsUnderWay(
  tx: Queryable,
  ids: readonly ConversationId[],
): Promise<ReadonlySet<ConversationId>> {
  if (ids.length === 0) return new Set();
  const found = await tx.query<{ id: ConversationId }>(
    `SELECT id FROM conversations c WHERE id = ANY($1) AND (creating_since IS NOT NULL
       OR EXISTS (SELECT FROM graphile_worker._private_jobs job WHERE job.key = 'room:' || c.id))`,
    [ids],
  );
  return new Set(found.rows.map((row) => row.id));
}

/** Gives the conversation the room that was made for it. */
export async function giveRoom(tx: Transaction, id: ConversationId, room: RoomId): Promise<void> {
  await tx.query("UPDATE conversations SET room_id = $2, creating_since = NULL WHERE id = $1", [id, room]);
  await announceRoom(tx, room);
}

/** Makes a room that someone else made the conversation's, if it has none and none is being made. */
export async function claimRoom(tx: Transaction, id: ConversationId, room: RoomId): Promise<boolean> {
  const claimed = await tx.query(
    `UPDATE conversations SET room_id = $2, last_activity_at = now()
     WHERE id = $1 AND room_id IS NULL AND creating_since IS NULL`,
    [id, room],
  );
  if (claimed.rowCount !== 1) return false;
  await announceRoom(tx, room);
  return true;
}

/** The room no longer carries the conversation, which gets another one. */
export async function loseRoom(db: Queryable, id: ConversationId, room: RoomId): Promise<void> {
  await db.query(
    `WITH gone AS (UPDATE conversations SET room_id = NULL WHERE id = $1 AND room_id = $2 RETURNING 1)
     SELECT pg_notify('whisper_room', $2) FROM gone`,
    [id, room],
  );
}

const announceRoom = async (tx: Transaction, room: RoomId): Promise<void> => {
  await tx.query("SELECT pg_notify('whisper_room', $1)", [room]);
};
