import { mirrorDirectChats } from "../../mirror/direct-chats.ts";
import type { ConversationId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { checkRooms } from "./queue-checks.ts";

/**
 * Someone's client has set which of their rooms are direct chats: these. What Whisper had put on the list and is
 * missing now is put there again.
 */
export async function directChatsSet(
  database: Database,
  user: UserId,
  rooms: ReadonlySet<string>,
): Promise<void> {
  await database.transaction(async (tx) => {
    const missing = await mirrorDirectChats(tx, user, rooms);
    if (missing.length === 0) return;
    const found = await tx.query<{ id: ConversationId }>(
      "SELECT id FROM conversations WHERE room_id = ANY($1)",
      [missing],
    );
    await checkRooms(
      tx,
      found.rows.map(({ id }) => id),
    );
  });
}
