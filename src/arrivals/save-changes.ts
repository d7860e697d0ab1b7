import { type ConversationIds, conversationIds } from "../conversations/record/conversation-ids.ts";
import {
  adminConversation,
  arrivalsConversation,
  controlConversation,
  groupConversation,
} from "../conversations/record/keys.ts";
import type { NewConversation } from "../conversations/record/store.ts";
import { dropUnsent, enqueueSends, type Send } from "../messages/outbox.ts";
import {
  newPatientLink,
  type PatientLink,
  patientUrl,
  redirectPatientLinks,
  savePatientLinks,
} from "../patients/patient-links.ts";
import type { Directory, Username } from "../policy/model.ts";
import { type ArrivalSignal, addSignals } from "../signals/record.ts";
import type { Transaction } from "../store/database.ts";
import { addJob, type JobPayloads } from "../store/jobs.ts";
import type { ArrivalDependencies, ArrivalSettings } from "./dependencies.ts";
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
import { recordArrivalChanges } from "./record/recorded-arrival.ts";
import { saveArrivals } from "./record/store.ts";
import { type Arrival, locationOf, type Notice, noticeToRecipient, stateOf } from "./rules/arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./rules/arrival-change.ts";
import type { Booking } from "./rules/booking.ts";
import { nextStep, ruleFor } from "./rules/escalation.ts";
import { type Addressee, addresseeOf } from "./rules/reception.ts";

/** A send whose conversation has not been looked up yet. */
export interface Post extends Omit<Send, "conversation"> {
  readonly in: NewConversation;
}

/** Writes what has changed and queues everything that follows from it, all in the transaction. */
export async function saveArrivalChanges(
  tx: Transaction,
  { arrivalSettings, now, ...acting }: Omit<ArrivalDependencies, "directory">,
  directory: Directory,
  changes: readonly ArrivalChange[],
  { booking = null, seen }: { readonly booking?: Booking | null; readonly seen?: ConversationIds } = {},
): Promise<void> {
  const links: PatientLink[] = [];
  const posts: Post[] = [];
  for (const { arrival, effects } of changes) {
    const link = newPatientLink(arrival.patientId, { about: arrival.id });
    if (effects.some((effect) => effect.do === "post" || effect.do === "edit")) links.push(link);
    const view = noticeView({ arrivalSettings, now }, directory, link);
    for (const effect of effects) posts.push(...(await postsOf(tx, arrivalSettings, view, arrival, effect)));
  }
  const arrivals = changes.map(({ arrival }) => arrival);
  await Promise.all([
    saveArrivals(tx, booking, arrivals),
    savePatientLinks(tx, links),
    queuePosts(tx, posts, seen),
    addSignals(tx, changes.flatMap(signalsOf)),
    recordArrivalChanges(tx, acting, changes),
  ]);
}

/** For the desktops of those whose notice came, changed or went. */
function signalsOf({ arrival, effects }: ArrivalChange): ArrivalSignal[] {
  const seen = effects.flatMap((effect) =>
    effect.do === "post" || effect.do === "edit" || effect.do === "take-down" || effect.do === "nudge"
      ? [effect.username]
      : [],
  );
  return [...new Set(seen)].map((username) => ({
    kind: "arrival",
    username,
    content: {
      arrival: arrival.id,
      state: noticeToRecipient(arrival, username)?.progress.state ?? stateOf(arrival),
    },
  }));
}

export const noticeView = (
  { arrivalSettings, now }: Pick<ArrivalDependencies, "arrivalSettings" | "now">,
  directory: Directory,
  link: PatientLink,
): NoticeView => ({
  directory,
  zone: arrivalSettings.zone,
  now: now(),
  show: arrivalSettings.show,
  patientUrl: patientUrl(arrivalSettings.publicUrl, link),
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
  settings: ArrivalSettings,
  view: NoticeView,
  arrival: Arrival,
  effect: ArrivalEffect,
): Promise<Post[]> {
  if (effect.do === "redirect-links") {
    await redirectPatientLinks(tx, arrival.id, effect.patientId);
    return [];
  }
  if (effect.do === "start-clock") {
    await startClock(tx, settings.escalation, arrival, effect);
    return [];
  }
  const who = patientWithId(arrival, view.show);
  const reported = (to: Username | null, ref: string, text: string): Post[] => {
    const addressee = addresseeOf(view.directory, settings, to, locationOf(arrival));
    return addressee === null ? [] : [{ ...textPost(ref, text), in: conversationWith(addressee) }];
  };
  if (effect.do === "report-nobody") {
    const doctor = arrival.doctor && staffName(view.directory, arrival.doctor);
    return reported(effect.to, refs.nobodyRef(arrival), words.nobodyAnsweredFor(who, doctor));
  }
  if (effect.do === "report-unattended" || effect.do === "report-attended") {
    const sentence = effect.do === "report-unattended" ? words.unattended : words.attended;
    const text = sentence(who, locationOf(arrival));
    return [{ ...textPost(refs.unattendedRef(arrival, effect.at), text), in: adminConversation }];
  }
  const notice = noticeToRecipient(arrival, effect.username);
  if (notice === undefined) return [];
  switch (effect.do) {
    case "post":
      return posted(ticksOf(settings), view, arrival, notice);
    case "edit":
      return [
        {
          in: arrivalsConversation(notice.username),
          ref: refs.editRef(arrival, notice, notice.edits),
          purpose: { is: "edit" },
          type: "m.room.message",
          content: editContent(arrival, notice, view),
          target: { ref: refs.noticeRef(arrival, notice) },
        },
      ];
    case "take-down":
      return takenDown(tx, ticksOf(settings), arrival, notice);
    case "report":
    case "report-lost": {
      const name = staffName(view.directory, effect.username);
      const sentence = effect.do === "report" ? words.notTold : words.noLongerSees;
      return reported(effect.to, refs.reportRef(arrival, notice), sentence(name, who, effect.reason));
    }
    case "report-told": {
      const text = words.toldAfterAll(staffName(view.directory, effect.username), who);
      return reported(effect.to, refs.toldRef(arrival, notice), text);
    }
    case "nudge":
      return [
        {
          in: arrivalsConversation(notice.username),
          ref: refs.nudgeRef(arrival, notice, notice.nudges),
          purpose: { is: "reminder" },
          type: "m.room.message",
          content: nudgeContent(arrival, new Date(), view),
          target: { ref: refs.noticeRef(arrival, notice) },
        },
      ];
    default:
      return effect satisfies never;
  }
}

const textPost = (ref: string, text: string): Omit<Post, "in"> => ({
  ref,
  purpose: { is: "sentence" },
  type: "m.room.message",
  content: { msgtype: "m.text", body: text },
});

/** Where Whisper itself says something to them. */
function conversationWith(addressee: Addressee): NewConversation {
  switch (addressee.kind) {
    case "person":
      return controlConversation(addressee.username);
    case "group":
      return groupConversation(addressee.group);
    case "admins":
      return adminConversation;
    default:
      return addressee satisfies never;
  }
}

/** Schedules the next escalation step, if the practice has one here. Resets a clock that is already running. */
async function startClock(
  tx: Transaction,
  rules: ArrivalSettings["escalation"],
  arrival: Arrival,
  { from, atOnce }: ArrivalEffect & { readonly do: "start-clock" },
): Promise<void> {
  const rule = ruleFor(rules, arrival);
  const next = rule && nextStep(atOnce ? { ...rule, after: 0 } : rule, arrival, from);
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
const ticksOf = ({ quickReplies }: ArrivalSettings): string[] => [
  ACKNOWLEDGE,
  REPLY,
  ...quickReplies.map((quick) => quick.key),
];

function posted(ticks: readonly string[], view: NoticeView, arrival: Arrival, notice: Notice): Post[] {
  const where = arrivalsConversation(notice.username);
  const ref = refs.noticeRef(arrival, notice);
  return [
    {
      in: where,
      ref,
      purpose: { is: "notice", arrival: arrival.id, username: notice.username, posting: notice.posting },
      type: "m.room.message",
      content: noticeContent(arrival, notice, view),
    },
    ...ticks.map((key) => ({
      in: where,
      ref: refs.tickRef(arrival, notice, key),
      purpose: { is: "button" as const },
      type: "m.reaction",
      content: tickContent(key),
      target: { ref },
    })),
  ];
}

/** A message that was not sent yet never will be; one that may have been sent is redacted. */
async function takenDown(
  tx: Transaction,
  ticks: readonly string[],
  arrival: Arrival,
  notice: Notice,
): Promise<Post[]> {
  const messages = refs.postedRefs(arrival, notice);
  const dropped = await dropUnsent(tx, [
    ...messages,
    ...ticks.map((key) => refs.tickRef(arrival, notice, key)),
  ]);
  return messages
    .filter((ref) => !dropped.has(ref))
    .map((ref) => redactionPost(arrivalsConversation(notice.username), ref));
}

export const redactionPost = (where: NewConversation, ref: string): Post => ({
  in: where,
  ref: refs.redactionOf(ref),
  purpose: { is: "removal" },
  type: "m.room.redaction",
  content: {},
  target: { ref },
});
