/**
 * What people see of an SMS, in any client: reactions under the message, and for everything that needs words a note in
 * its thread. Reactions stay where the message is, cost no unread count, and Element shows them beside it; an edit by
 * Whisper would mark the person's own words as edited, and leave a trace in every client's history.
 */

import type { Send } from "../messages/outbox.ts";
import { IN_THREAD } from "../messages/relation.ts";
import type { ConversationId, EventId } from "../policy/model.ts";

/** 📱 flagged, ✅ delivered, ⚠️ look at the thread. */
export const FLAG = "📱";
export const DELIVERED = "✅";
export const PROBLEM = "⚠️";
/** Answers to the question whether to send again. */
export const SEND_AGAIN = "✅";
export const LEAVE = "❌";

/** The message that an SMS is about. */
export interface Marked {
  readonly conversation: ConversationId;
  readonly event: EventId;
}

/** A reaction by Whisper. Synapse refuses the same one twice, so the event and the key are its name. */
export const sign = ({ conversation, event }: Marked, key: string): Send => ({
  ref: `sms-sign:${event}:${key}`,
  conversation,
  purpose: { is: "button" },
  type: "m.reaction",
  content: { "m.relates_to": { rel_type: "m.annotation", key } },
  target: { event },
});

/** A note in the message's thread. A notice: the sender is looking, and nobody else has to act. */
export const note = (ref: string, { conversation, event }: Marked, text: string): Send => ({
  ref,
  conversation,
  purpose: { is: "sentence" },
  type: "m.room.message",
  content: { msgtype: "m.notice", body: text, "m.mentions": {}, ...IN_THREAD },
  target: { event },
});

/** A note that quotes the SMS. Its purpose is one whose text is not quoted elsewhere if it is given up. */
export const privateNote = (ref: string, marked: Marked, text: string): Send => ({
  ...note(ref, marked, text),
  purpose: { is: "answer" },
});

/** A note with ⚠️ under the message, so that it is seen without opening the thread. */
export const problem = (ref: string, marked: Marked, text: string): Send[] => [
  note(ref, marked, text),
  sign(marked, PROBLEM),
];

export const reviewRef = (sms: string, attempt: string): string => `sms-review:${sms}:${attempt}`;

/** Asks the sender what to do, with buttons. */
export const question = (ref: string, marked: Marked, text: string): Send[] => [
  ...problem(ref, marked, text),
  ...[SEND_AGAIN, LEAVE].map(
    (key): Send => ({
      ref: `${ref}:${key}`,
      conversation: marked.conversation,
      purpose: { is: "button" },
      type: "m.reaction",
      content: { "m.relates_to": { rel_type: "m.annotation", key } },
      target: { ref },
    }),
  ),
];
