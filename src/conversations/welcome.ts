import { enqueueSends } from "../messages/outbox.ts";
import { blocks, bullets, noticeMessage, plain } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Conversation } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";

/**
 * Says in someone's new chat with Whisper what they can do, once. To be called in the transaction that gives the
 * conversation its room. A notice: it makes no sound and does not count as unread.
 */
export async function welcome(tx: Transaction, conversation: Conversation): Promise<void> {
  if (conversation.kind !== "control") return;
  await enqueueSends(tx, [
    {
      ref: `welcome:${conversation.user}`,
      conversation: conversation.id,
      purpose: { is: "card" },
      type: "m.room.message",
      content: noticeMessage(blocks(plain(words.welcome), bullets(words.firstSteps.map(plain)))),
    },
  ]);
}
