import { shownName } from "../base/shown-name.ts";
import { arrivalsConversation, individualConversation } from "../conversations/record/keys.ts";
import { fitsInEvent } from "../messages/size.ts";
import { newPatientLink, savePatientLinks } from "../patients/patient-links.ts";
import type { Directory, EventId, Username } from "../policy/model.ts";
import { userIdOf } from "../policy/names/names.ts";
import { mayWrite } from "../policy/people/individual.ts";
import type { Transaction } from "../store/database.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lineOf } from "./notices/notice.ts";
import { quoteNotice } from "./notices/quote.ts";
import { passedOnRef } from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { replyToNotice } from "./rules/answers.ts";
import type { Arrival } from "./rules/arrival.ts";
import { noticeView, type Post, queuePosts, saveArrivalChanges } from "./save-changes.ts";

export interface Answer {
  readonly arrival: Arrival;
  readonly from: Username;
  /** The reply, or the reaction that stands for one. */
  readonly event: EventId;
  readonly at: Date;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Passes a recipient's answer on to whoever marked the arrival, as the recipient, in the individual conversation of the
 * two. @returns why that failed, as a sentence for the recipient; null if it worked.
 */
export async function passOnReply(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  directory: Directory,
  { arrival, from, event, at, content }: Answer,
): Promise<string | null> {
  const to = arrival.markedBy;
  if (from === to) return words.notPassedOn(words.markedByYourself);
  if (!directory.users.has(to)) return words.notPassedOn(words.markerUnknown(shownName(to)));
  const verdict = mayWrite(directory, from, to);
  if (!verdict.allowed) return words.notPassedOn(verdict.reason);
  const link = newPatientLink(arrival.patientId);
  const line = lineOf(arrival, noticeView(dependencies, directory, link));
  const contents = quoteNotice(line, content);
  if (!contents.every(fitsInEvent)) return words.notPassedOn(words.replyTooLong);
  await savePatientLinks(tx, [link]);
  const posts = contents.map(
    (each, index, all): Post => ({
      in: individualConversation(from, to),
      // The last one is the reply itself: later edits and deletions apply to it.
      ref: index === all.length - 1 ? passedOnRef(event) : `${passedOnRef(event)}:quote`,
      as: userIdOf(dependencies.settings, from),
      type: "m.room.message",
      content: each,
    }),
  );
  const change = replyToNotice(arrival, from, at);
  if (change !== null) await saveArrivalChanges(tx, dependencies, directory, [change]);
  await queuePosts(tx, posts);
  return null;
}

/** A sentence for the owner of an arrivals room, in the thread of the notice it is about, if there is one. */
export const answerTo = (owner: Username, ref: string, text: string, thread: string | null): Post => ({
  in: arrivalsConversation(owner),
  ref,
  type: "m.room.message",
  content: { msgtype: "m.text", body: text, ...(thread === null ? {} : IN_THREAD) },
  ...(thread === null ? {} : { target: { ref: thread } }),
});

/** The sender fills in what the thread is about. The fallback is for clients without threads. */
export const IN_THREAD = {
  "m.relates_to": { rel_type: "m.thread", is_falling_back: true, "m.in_reply_to": {} },
} as const;
