import { storableJson } from "../base/storable.ts";
import type { RoomId, UserId } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";

/** The room is among the user's direct chats now. */
export async function mirrorDirect(db: Queryable, room: RoomId, user: UserId): Promise<void> {
  await db.query("UPDATE room_members SET direct = true WHERE room_id = $1 AND user_id = $2", [room, user]);
}

/** These are the user's direct chats now. @returns the rooms that were among them before, and are not now. */
export async function mirrorDirectChats(
  db: Queryable,
  user: UserId,
  rooms: ReadonlySet<string>,
): Promise<RoomId[]> {
  const gone = await db.query<{ room_id: RoomId }>(
    `UPDATE room_members SET direct = false
     WHERE user_id = $1 AND direct AND room_id NOT IN (SELECT jsonb_array_elements_text($2)) RETURNING room_id`,
    [user, storableJson([...rooms])],
  );
  return gone.rows.map(({ room_id }) => room_id);
}
