import { arrivalsConversation, controlConversation } from "../conversations/record/keys.ts";
import type { NewConversation } from "../conversations/record/store.ts";
import { dropUnsent, enqueueSends, type Send } from "../messages/outbox.ts";
import { newPatientLink, type PatientLink, patientUrl, savePatientLinks } from "../patients/patient-links.ts";
import type { Directory, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { addJob, type JobPayloads } from "../store/jobs.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import {
  ACKNOWLEDGE,
  editContent,
  type NoticeView,
  noticeContent,
  nudgeContent,
  REPLY,
  staffName,
  tickContent,
} from "./notices/notice.ts";
import { patientWithId } from "./notices/patient.ts";
import * as refs from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { type ConversationIds, conversationIds } from "./record/conversations.ts";
import { saveArrivals } from "./record/store.ts";
import { type Arrival, type Notice, noticeToRecipient } from "./rules/arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./rules/arrival-change.ts";
import type { Booking } from "./rules/booking.ts";
import { nextStep, ruleFor } from "./rules/escalation.ts";
import { isReachable } from "./rules/people.ts";

/** A send whose conversation has not been looked up yet. */
export interface Post extends Omit<Send, "conversation"> {
  readonly in: NewConversation;
}

/** Writes what has changed and queues everything that follows from it, all in the transaction. */
export async function saveArrivalChanges(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  directory: Directory,
  changes: readonly ArrivalChange[],
  { booking = null, seen }: { readonly booking?: Booking | null; readonly seen?: ConversationIds } = {},
): Promise<void> {
  const links: PatientLink[] = [];
  const posts: Post[] = [];
  for (const { arrival, effects } of changes) {
    const shows = effects.some((effect) => effect.do === "post" || effect.do === "edit");
    const link = newPatientLink(arrival.patientId);
    if (shows) links.push(link);
    const view = noticeView(dependencies, directory, link);
    for (const effect of effects) posts.push(...(await postsOf(tx, dependencies, view, arrival, effect)));
  }
  const arrivals = changes.map(({ arrival }) => arrival);
  await Promise.all([
    saveArrivals(tx, booking, arrivals),
    savePatientLinks(tx, links),
    queuePosts(tx, posts, seen),
  ]);
}

export const noticeView = (
  dependencies: ArrivalDependencies,
  directory: Directory,
  link: PatientLink,
): NoticeView => ({
  directory,
  zone: dependencies.arrivalSettings.zone,
  now: dependencies.now(),
  show: dependencies.arrivalSettings.show,
  patientUrl: patientUrl(dependencies.arrivalSettings.publicUrl, link),
});

/** Queues sends, grouped by conversation, so that two transactions take the same locks in the same order. */
export async function queuePosts(
  tx: Transaction,
  posts: readonly Post[],
  seen?: ConversationIds,
): Promise<void> {
  if (posts.length === 0) return;
  const wanted = new Map(posts.map((post) => [post.in.naturalKey, post.in]));
  const ids = await conversationIds(tx, [...wanted.values()], seen);
  const sends = posts.flatMap(({ in: where, ...rest }): Send[] => {
    const conversation = ids.get(where.naturalKey);
    // It was made a moment ago, in this transaction.
    if (conversation === undefined) throw new Error("a conversation that was just made is not there");
    return [{ ...rest, conversation }];
  });
  await enqueueSends(
    tx,
    sends.toSorted((one, other) =>
      one.conversation < other.conversation ? -1 : one.conversation > other.conversation ? 1 : 0,
    ),
  );
}

async function postsOf(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  view: NoticeView,
  arrival: Arrival,
  effect: ArrivalEffect,
): Promise<Post[]> {
  if (effect.do === "start-clock") {
    await startClock(tx, dependencies, arrival, effect.from);
    return [];
  }
  if (effect.do === "report-nobody") {
    const text = words.nobodyAnsweredFor(
      patientWithId(arrival, view.show),
      staffName(view.directory, arrival.doctor),
    );
    return isReachable(view.directory, effect.to)
      ? [controlRoomPost(effect.to, refs.nobodyRef(arrival), text)]
      : [];
  }
  const notice = noticeToRecipient(arrival, effect.username);
  if (notice === undefined) return [];
  switch (effect.do) {
    case "post":
      return posted(dependencies, view, arrival, notice);
    case "edit":
      return [
        {
          in: arrivalsConversation(notice.username),
          ref: refs.editRef(arrival, notice, notice.edits),
          type: "m.room.message",
          content: editContent(arrival, notice, view),
          target: { ref: refs.noticeRef(arrival, notice) },
        },
      ];
    case "take-down":
      return takenDown(tx, dependencies, arrival, notice);
    case "report":
    case "report-lost": {
      const name = staffName(view.directory, effect.username);
      const who = patientWithId(arrival, view.show);
      const sentence = effect.do === "report" ? words.notTold : words.noLongerSees;
      return [
        controlRoomPost(effect.to, refs.reportRef(arrival, notice), sentence(name, who, effect.reason)),
      ];
    }
    case "report-told": {
      const text = words.toldAfterAll(
        staffName(view.directory, effect.username),
        patientWithId(arrival, view.show),
      );
      return [controlRoomPost(effect.to, refs.toldRef(arrival, notice), text)];
    }
    case "nudge":
      return [
        {
          in: arrivalsConversation(notice.username),
          ref: refs.nudgeRef(arrival, notice, notice.nudges),
          type: "m.room.message",
          content: nudgeContent(arrival, new Date(), view),
          target: { ref: refs.noticeRef(arrival, notice) },
        },
      ];
    default:
      return effect satisfies never;
  }
}

const controlRoomPost = (username: Username, ref: string, text: string): Post => ({
  in: controlConversation(username),
  ref,
  type: "m.room.message",
  content: { msgtype: "m.text", body: text },
});

/** Schedules the next escalation step, if the practice has one here. Resets a clock that is already running. */
async function startClock(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  arrival: Arrival,
  from: Date,
): Promise<void> {
  const rule = ruleFor(dependencies.arrivalSettings.escalation, arrival);
  const next = rule && nextStep(rule, arrival, from);
  if (next === null) return;
  const step = {
    arrival_id: arrival.id,
    clock_at: arrival.clockAt.toISOString(),
    step: next.step,
    due_at: next.at.toISOString(),
  };
  await queueEscalationStep(tx, step, next.at);
}

/** An arrival has one next step: a new one replaces the one that is waiting. */
export const queueEscalationStep = (
  tx: Transaction,
  step: JobPayloads["arrival_escalation"],
  at: Date,
): Promise<void> =>
  addJob(tx, "arrival_escalation", step, { key: `arrival-escalation:${step.arrival_id}`, runAt: at });

/** The reactions under a notice, so that one click answers. */
const ticksOf = ({ arrivalSettings }: ArrivalDependencies): string[] => [
  ACKNOWLEDGE,
  REPLY,
  ...arrivalSettings.quickReplies.map((quick) => quick.key),
];

function posted(
  dependencies: ArrivalDependencies,
  view: NoticeView,
  arrival: Arrival,
  notice: Notice,
): Post[] {
  const where = arrivalsConversation(notice.username);
  const ref = refs.noticeRef(arrival, notice);
  return [
    { in: where, ref, type: "m.room.message", content: noticeContent(arrival, notice, view) },
    ...ticksOf(dependencies).map((key) => ({
      in: where,
      ref: refs.tickRef(arrival, notice, key),
      type: "m.reaction",
      content: tickContent(key),
      target: { ref },
    })),
  ];
}

/** A message that was not sent yet never will be; one that may have been sent is redacted. */
async function takenDown(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  arrival: Arrival,
  notice: Notice,
): Promise<Post[]> {
  const messages = refs.postedRefs(arrival, notice);
  const dropped = await dropUnsent(tx, [
    ...messages,
    ...ticksOf(dependencies).map((key) => refs.tickRef(arrival, notice, key)),
  ]);
  return messages
    .filter((ref) => !dropped.has(ref))
    .map((ref) => redactionPost(arrivalsConversation(notice.username), ref));
}

export const redactionPost = (where: NewConversation, ref: string): Post => ({
  in: where,
  ref: refs.redactionOf(ref),
  type: "m.room.redaction",
  content: {},
  target: { ref },
});
