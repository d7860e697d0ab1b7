import type { Conversation, ConversationId, ConversationKind, RoomId } from "../../policy/model.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { type ConversationRow, conversationColumns, conversationOf } from "./store.ts";

/** Rooms that no longer carry a conversation, and the conversation that their tombstone leads to. */

/** SQL for all of them: `room_id`, `successor`, `since`, and `retired_at` once everyone is out. */
export const RETIRED_ROOMS = "SELECT room_id, successor, since, retired_at FROM retired_rooms";

/** SQL for a condition: the room is retired, or about to be. `room` is an SQL expression. */
export const isRetired = (room: string): string =>
  `EXISTS (SELECT FROM retired_rooms WHERE retired_rooms.room_id = ${room})`;

/** The room is to be closed for good, even if it was before. */
export async function rememberRetired(
  tx: Queryable,
  room: RoomId,
  successor: ConversationId | null,
): Promise<void> {
  await tx.query(
    `INSERT INTO retired_rooms (room_id, successor) VALUES ($1, $2)
     ON CONFLICT (room_id) DO UPDATE SET successor = excluded.successor, since = now(), retired_at = NULL`,
    [room, successor],
  );
}

/** Everyone is out of the room. */
export async function rememberClosed(db: Queryable, room: RoomId): Promise<void> {
  await db.query("UPDATE retired_rooms SET retired_at = now() WHERE room_id = $1", [room]);
}

export interface RetiredRoom {
  /** Null: it leads nowhere. */
  readonly successor: ConversationId | null;
  /** Everyone is out of it. */
  readonly closed: boolean;
}

/** Null: it is not retired. */
export async function retiredRoom(db: Queryable, room: RoomId): Promise<RetiredRoom | null> {
  const found = await db.query<RetiredRoom & Record<string, unknown>>(
    "SELECT successor, retired_at IS NOT NULL AS closed FROM retired_rooms WHERE room_id = $1",
    [room],
  );
  return found.rows[0] ?? null;
}

/** The conversation to which a retired room leads; null: the room is not retired. */
export async function successorOf(
  db: Queryable,
  room: RoomId,
): Promise<{
  readonly successor: { readonly id: ConversationId; readonly kind: ConversationKind } | null;
} | null> {
  const found = await db.query<{ id: ConversationId | null; kind: ConversationKind | null }>(
    "SELECT c.id, c.kind FROM retired_rooms r LEFT JOIN conversations c ON c.id = r.successor WHERE r.room_id = $1",
    [room],
  );
  const [row] = found.rows;
  if (row === undefined) return null;
  return { successor: row.id === null || row.kind === null ? null : { id: row.id, kind: row.kind } };
}

/** The conversation that the room carries, or that it leads to. */
export async function conversationNowOrBefore(
  tx: Transaction,
  room: RoomId,
): Promise<{ readonly conversation: Conversation; readonly replaced: boolean } | null> {
  const found = await tx.query<ConversationRow & { replaced: boolean }>(
    `SELECT ${conversationColumns("c")}, false AS replaced FROM conversations c WHERE c.room_id = $1
     UNION ALL SELECT ${conversationColumns("c")}, true FROM retired_rooms r JOIN conversations c ON c.id = r.successor
     WHERE r.room_id = $1 LIMIT 1`,
    [room],
  );
  const [row] = found.rows;
  return row === undefined ? null : { conversation: conversationOf(row), replaced: row.replaced };
}

/** Which of these rooms carry a conversation, or are retired. */
export async function roomsInUse(db: Queryable, rooms: readonly RoomId[]): Promise<ReadonlySet<RoomId>> {
  const known = await db.query<{ room_id: RoomId }>(
    `SELECT room_id FROM conversations WHERE room_id = ANY($1)
     UNION SELECT room_id FROM retired_rooms WHERE room_id = ANY($1)`,
    [rooms],
  );
  return new Set(known.rows.map((row) => row.room_id));
}
