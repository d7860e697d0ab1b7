import { conversationById } from "../conversations/record/store.ts";
import { enqueueSends, lostSends } from "../messages/outbox.ts";
import type { Conversation, Directory } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { question, reviewRef } from "./marks.ts";
import { markedBy, nameOf, workOn } from "./progress.ts";
import { reviewsIn, type SmsMessage } from "./record/messages.ts";
import * as words from "./words.ts";

/** A conversation has a new room: who was asked in the previous one is asked there. Runs in the changing transaction. */
export async function roomOfSmsTaken(tx: Transaction, { kind, id }: Conversation): Promise<void> {
  if (kind === "individual") for (const sms of await reviewsIn(tx, id)) await workOn(tx, sms);
}

/** Asks again, once in each room, if the question went into a room that has been replaced. The SMS must be locked. */
export async function askInNewRoom(
  tx: Transaction,
  directory: Directory,
  sms: SmsMessage,
  attempt: string,
): Promise<void> {
  const asked = reviewRef(sms.id, attempt);
  if (!(await lostSends(tx, [asked])).has(asked)) return;
  const stored = await conversationById(tx, sms.conversation);
  if (stored === null || stored.roomId === null) return;
  await enqueueSends(
    tx,
    question(`${asked}:${stored.roomId}`, markedBy(sms), words.askAgain(nameOf(sms, directory))),
  );
}
