import { JOINED_MEMBERS, PRESENT_MEMBERS } from "../../mirror/members.ts";
import type { Conversation, ConversationId, UserId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";
import { type ConversationRow, conversationColumns, conversationOf } from "./store.ts";

/**
 * The conversations in whose rooms each of these people is joined, invited or just being let in, as far as the mirror
 * knows.
 */
export async function roomsWith(
  db: Queryable,
  users: readonly UserId[],
): Promise<ReadonlyArray<{ readonly user: UserId; readonly conversation: Conversation }>> {
  const found = await db.query<ConversationRow & { user_id: UserId } & Record<string, unknown>>(
    `SELECT m.user_id, ${conversationColumns("c")} FROM (${PRESENT_MEMBERS}) AS m
     JOIN conversations c ON c.room_id = m.room_id WHERE m.user_id = ANY($1)`,
    [users],
  );
  return found.rows.map((row) => ({ user: row.user_id, conversation: conversationOf(row) }));
}

/** Is the user in the conversation's room now, as far as the mirror knows? */
export async function isInConversation(db: Queryable, id: ConversationId, user: UserId): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM conversations c JOIN (${JOINED_MEMBERS}) AS m USING (room_id) WHERE c.id = $1 AND m.user_id = $2`,
    [id, user],
  );
  return found.rowCount === 1;
}
