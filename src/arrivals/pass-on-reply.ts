import { shownName } from "../base/shown-name.ts";
import {
  adminConversation,
  arrivalsConversation,
  groupConversation,
  individualConversation,
} from "../conversations/record/keys.ts";
import type { NewConversation } from "../conversations/record/store.ts";
import { IN_THREAD } from "../messages/relation.ts";
import { fitsInEvent } from "../messages/size.ts";
import { newPatientLink, savePatientLinks } from "../patients/patient-links.ts";
import type { Directory, EventId, UserId, Username } from "../policy/model.ts";
import { mayWrite } from "../policy/people/individual.ts";
import type { Transaction } from "../store/database.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lineOf, staffName } from "./notices/notice.ts";
import { quoteNotice } from "./notices/quote.ts";
import { passedOnRef } from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { replyToNotice } from "./rules/answers.ts";
import { type Arrival, locationOf } from "./rules/arrival.ts";
import { type Addressee, addresseeOf, type ReceptionSettings } from "./rules/reception.ts";
import { noticeView, type Post, queuePosts, saveArrivalChanges } from "./save-changes.ts";

export interface Answer {
  readonly arrival: Arrival;
  readonly from: Username;
  /** The same person's Matrix account, which the answer is passed on as. */
  readonly sender: UserId;
  /** The reply, or the reaction that stands for one. */
  readonly event: EventId;
  readonly at: Date;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Passes a recipient's answer on to whoever marked the arrival, as the recipient, in the individual conversation of the
 * two. If a kiosk marked it, reception gets the answer in its group, from Whisper.
 * @returns why that failed, as a sentence for the recipient; null if it worked.
 */
export async function passOnReply(
  tx: Transaction,
  dependencies: Omit<ArrivalDependencies, "directory">,
  directory: Directory,
  { arrival, from, sender, event, at, content }: Answer,
): Promise<string | null> {
  const to = readerOfReplies(arrival, dependencies.arrivalSettings, directory);
  const failure = whyNot(directory, arrival, from, to);
  if (to === null || failure !== null) return words.notPassedOn(failure ?? "");
  const link = newPatientLink(arrival.patientId, { about: arrival.id });
  const line = lineOf(arrival, noticeView(dependencies, directory, link));
  const contents = quoteNotice(line, content, to.kind === "person" ? null : staffName(directory, from));
  if (!contents.every(fitsInEvent)) return words.notPassedOn(words.replyTooLong);
  await savePatientLinks(tx, [link]);
  const posts = contents.map(
    (each, index, all): Post => ({
      in: conversationFor(from, to),
      // The last one is the reply itself: later edits and deletions apply to it.
      ref: index === all.length - 1 ? passedOnRef(event) : `${passedOnRef(event)}:quote`,
      purpose: { is: "pass_on", arrival: arrival.id, username: from, event },
      ...(to.kind === "person" && { as: sender }),
      type: "m.room.message",
      content: each,
    }),
  );
  const change = replyToNotice(arrival, from, at);
  if (change !== null) await saveArrivalChanges(tx, dependencies, directory, [change]);
  await queuePosts(tx, posts);
  return null;
}

/** Who gets the answers to an arrival's notices; null: nobody can. */
const readerOfReplies = (
  arrival: Arrival,
  settings: ReceptionSettings,
  directory: Directory,
): Addressee | null => addresseeOf(directory, settings, arrival.markedBy, locationOf(arrival));

/** The same as a name. If nobody can, it is whoever marked the arrival: the answer to the reply will say why not. */
export function replyReaderName(arrival: Arrival, settings: ReceptionSettings, directory: Directory): string {
  const to = readerOfReplies(arrival, settings, directory);
  switch (to?.kind) {
    case "person":
      return staffName(directory, to.username);
    case "group":
      return shownName(to.name);
    case "admins":
      return words.administrators;
    case undefined:
      return arrival.markedBy === null ? words.administrators : staffName(directory, arrival.markedBy);
    default:
      return to satisfies never;
  }
}

/** Why a reply cannot be passed on, as a sentence; null: it can. */
function whyNot(
  directory: Directory,
  { markedBy }: Arrival,
  from: Username,
  to: Addressee | null,
): string | null {
  if (markedBy === from) return words.markedByYourself;
  if (to === null) {
    if (markedBy === null || !directory.users.has(markedBy))
      return words.markerUnknown(markedBy && shownName(markedBy));
    const verdict = mayWrite(directory, from, markedBy);
    return verdict.allowed ? words.markerUnknown(staffName(directory, markedBy)) : verdict.reason;
  }
  if (to.kind !== "person") return null;
  if (to.username === from) return words.receptionYourself;
  const verdict = mayWrite(directory, from, to.username);
  return verdict.allowed ? null : verdict.reason;
}

function conversationFor(from: Username, to: Addressee): NewConversation {
  switch (to.kind) {
    case "person":
      return individualConversation(from, to.username);
    case "group":
      return groupConversation(to.group);
    case "admins":
      return adminConversation;
    default:
      return to satisfies never;
  }
}

/** A sentence for the owner of an arrivals room, in the thread of the notice it is about, if there is one. */
export const answerTo = (
  owner: Username,
  ref: string,
  text: string,
  thread: string | null,
  is: "answer" | "sentence" = "answer",
): Post => ({
  in: arrivalsConversation(owner),
  ref,
  purpose: { is },
  type: "m.room.message",
  content: { msgtype: "m.text", body: text, ...(thread === null ? {} : IN_THREAD) },
  ...(thread === null ? {} : { target: { ref: thread } }),
});
