import { conversationById } from "../conversations/store.ts";
import type { ConversationId, RoomId, UserId } from "../policy/model.ts";
import { type Database, onlyRow } from "../store/database.ts";
import { MatrixRefused } from "./homeserver.ts";
import { type ReconcilerParts, reconcileRoom } from "./reconciler.ts";
import { refetchRoom } from "./room-steps.ts";

/**
 * Puts a conversation's room right while somebody waits for it: fetches it anew, and makes it what the rules say until
 * this sender is in it, or nobody else came in. What the homeserver refuses on the way stays as it is.
 * @throws what may pass, such as a homeserver that is away.
 */
export async function repairNow(parts: ReconcilerParts, id: ConversationId, sender: UserId): Promise<void> {
  const { database, homeserver } = parts;
  const stored = await conversationById(database, id);
  if (stored === null || stored.roomId === null) return;
  const room = stored.roomId;
  try {
    await refetchRoom(database, homeserver, room);
    for (let before = -1; ; ) {
      await reconcileRoom(parts, id);
      const { joined, here } = await membersOf(database, room, sender);
      // A large room is filled a few people at a time.
      if (here || joined <= before) return;
      before = joined;
    }
  } catch (error) {
    if (!(error instanceof MatrixRefused)) throw error;
    parts.log.warn({ err: error }, "a room that refused a message could not be put right");
  }
}

async function membersOf(
  database: Database,
  room: RoomId,
  user: UserId,
): Promise<{ joined: number; here: boolean }> {
  return onlyRow(
    await database.query<{ joined: number; here: boolean }>(
      `SELECT count(*)::integer AS joined, coalesce(bool_or(user_id = $2), false) AS here
       FROM room_members WHERE room_id = $1 AND membership = 'join'`,
      [room, user],
    ),
  );
}
