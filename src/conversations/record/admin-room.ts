import { enqueueSends } from "../../messages/outbox.ts";
import type { Transaction } from "../../store/database.ts";
import { adminConversation } from "./keys.ts";
import { checkRoom } from "./queue-checks.ts";
import { ensureConversation } from "./store.ts";

/**
 * Says something to those who look after Whisper, in the admin room. `ref` identifies the message for ever. `since`: see
 * `Send`.
 */
export async function sendToAdminRoom(
  tx: Transaction,
  ref: string,
  said: string | Readonly<Record<string, unknown>>,
  since?: Date,
): Promise<void> {
  const { conversation, roomId } = await ensureConversation(tx, adminConversation);
  if (roomId === null) await checkRoom(tx, conversation.id);
  const content = typeof said === "string" ? { msgtype: "m.text", body: said } : said;
  await enqueueSends(tx, [
    {
      ref,
      conversation: conversation.id,
      purpose: { is: "admin_sentence" },
      type: "m.room.message",
      content,
      since,
    },
  ]);
}
