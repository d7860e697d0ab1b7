import { enqueueSends } from "../../messages/outbox.ts";
import type { Purpose } from "../../messages/purpose.ts";
import type { Username } from "../../policy/model.ts";
import type { Transaction } from "../../store/database.ts";
import { controlConversation } from "./keys.ts";
import { checkRoom } from "./queue-checks.ts";
import { ensureConversation } from "./store.ts";

/**
 * Says something to one person in their control room. `ref` identifies the message for ever, so that its cause may be
 * handled again.
 */
export async function sendToControlRoom(
  tx: Transaction,
  username: Username,
  ref: string,
  said: string | Readonly<Record<string, unknown>>,
  purpose: Purpose = { is: "sentence" },
): Promise<void> {
  const { conversation, roomId } = await ensureConversation(tx, controlConversation(username));
  if (roomId === null) await checkRoom(tx, conversation.id);
  const content = typeof said === "string" ? { msgtype: "m.text", body: said } : said;
  await enqueueSends(tx, [{ ref, conversation: conversation.id, purpose, type: "m.room.message", content }]);
}
