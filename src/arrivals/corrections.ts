import type { MatrixEvent } from "../messages/event.ts";
import { dropUnsent, enqueueSends, type Send } from "../messages/outbox.ts";
import { fitsInEvent } from "../messages/size.ts";
import type { ConversationId, EventId } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { quotedAgain } from "./notices/quote.ts";
import { passedOnEditRef, passedOnRef, redactionOf } from "./notices/refs.ts";
import * as words from "./notices/words.ts";

/** A reply that was passed on, as it was sent. */
interface PassedOn {
  readonly conversation_id: ConversationId;
  readonly content: Readonly<Record<string, unknown>>;
}

async function passedOn(tx: Transaction, reply: EventId): Promise<PassedOn | null> {
  const found = await tx.query<PassedOn & Record<string, unknown>>(
    "SELECT conversation_id, content FROM outbox WHERE ref = $1",
    [passedOnRef(reply)],
  );
  return found.rows[0] ?? null;
}

/**
 * The recipient edited a reply: the passed-on message is edited too, under the same quotation.
 * @returns why that failed, as a sentence for the recipient; null if it worked, or nothing had been passed on.
 */
export async function correctReply(
  tx: Transaction,
  event: MatrixEvent,
  reply: EventId,
  content: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const earlier = await passedOn(tx, reply);
  if (earlier === null) return null;
  if (earlier.content.body === undefined) return words.correctionTooLate;
  const corrected = quotedAgain(earlier.content, content);
  const edit: Send = {
    ref: passedOnEditRef(event.event_id),
    conversation: earlier.conversation_id,
    as: event.sender,
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
export async function withdrawReply(tx: Transaction, event: MatrixEvent, reply: EventId): Promise<void> {
  const earlier = await passedOn(tx, reply);
  if (earlier === null) return;
  const ref = passedOnRef(reply);
  if ((await dropUnsent(tx, [ref])).has(ref)) return;
  await enqueueSends(tx, [
    {
      ref: redactionOf(ref),
      conversation: earlier.conversation_id,
      as: event.sender,
      type: "m.room.redaction",
      content: {},
      target: { ref },
    },
  ]);
}
