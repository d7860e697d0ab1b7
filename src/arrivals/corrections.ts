import type { MatrixEvent } from "../messages/event.ts";
import { dropUnsent, enqueueSends, queuedSend, type Send } from "../messages/outbox.ts";
import { fitsInEvent } from "../messages/size.ts";
import type { EventId, UserId, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { quotedAgain } from "./notices/quote.ts";
import { passedOnEditRef, passedOnRef, redactionOf } from "./notices/refs.ts";
import * as words from "./notices/words.ts";

/** The sender that a reply was passed on as. Null: Whisper itself. */
const senderOf = ({ as_user }: { readonly as_user: UserId | null }): Pick<Send, "as"> =>
  as_user === null ? {} : { as: as_user };

/**
 * The recipient edited a reply: the passed-on message is edited too, under the same quotation.
 * @param from the recipient's name.
 * @returns why that failed, as a sentence for the recipient; null if it worked, or nothing had been passed on.
 */
export async function correctReply(
  tx: Transaction,
  owner: Username,
  event: MatrixEvent,
  from: string,
  reply: EventId,
  content: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const earlier = await queuedSend(tx, passedOnRef(reply));
  if (earlier === null) return null;
  if (earlier.content.body === undefined) return words.correctionTooLate;
  const corrected = quotedAgain(earlier.content, content, earlier.as_user === null ? from : null);
  const edit: Send = {
    ref: passedOnEditRef(event.event_id),
    conversation: earlier.conversation,
    purpose: { is: "correction", username: owner, event: event.event_id },
    ...senderOf(earlier),
    type: "m.room.message",
    content: {
      ...corrected,
      body: `* ${String(corrected.body)}`,
      "m.new_content": corrected,
      "m.relates_to": { rel_type: "m.replace" },
    },
    target: { ref: passedOnRef(reply) },
  };
  if (!fitsInEvent(edit.content)) return words.correctionTooLong;
  await enqueueSends(tx, [edit]);
  return null;
}

/** The recipient deleted a reply: the passed-on message is deleted too, as if by its sender. */
export async function withdrawReply(tx: Transaction, reply: EventId): Promise<void> {
  const earlier = await queuedSend(tx, passedOnRef(reply));
  if (earlier === null) return;
  const ref = passedOnRef(reply);
  if ((await dropUnsent(tx, [ref])).has(ref)) return;
  await enqueueSends(tx, [
    {
      ref: redactionOf(ref),
      conversation: earlier.conversation,
      purpose: { is: "removal" },
      ...senderOf(earlier),
      type: "m.room.redaction",
      content: {},
      target: { ref },
    },
  ]);
}
