import { sameReaction } from "../base/reaction-key.ts";
import { arrivalsConversation } from "../conversations/record/keys.ts";
import { conversationNowOrBefore } from "../conversations/record/retired-rooms.ts";
import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { knownEvents } from "../messages/inbox-queries.ts";
import { isBeingSent, REF_KEY, refOfEvent } from "../messages/outbox.ts";
import { redactedBy, relationOf } from "../messages/relation.ts";
import { asMessage, expectsAnswer, isSaid } from "../messages/said.ts";
import type { ConversationId, EventId, PracticeSettings, UserId, Username } from "../policy/model.ts";
import { userIdOf } from "../policy/names/names.ts";
import type { Transaction } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { cardPosts } from "./card.ts";
import { correctReply, withdrawReply } from "./corrections.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { hideHistoryOf, toggleHistory } from "./history.ts";
import { ACKNOWLEDGE, HISTORY, REPLY, staffName } from "./notices/notice.ts";
import { plainText } from "./notices/quote.ts";
import * as refs from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { answerTo, passOnReply, replyReaderName } from "./pass-on-reply.ts";
import { lockArrival } from "./record/store.ts";
import { acknowledgeNotice, openThread } from "./rules/answers.ts";
import { type Arrival, type Notice, noticeToRecipient } from "./rules/arrival.ts";
import { queuePosts, saveArrivalChanges } from "./save-changes.ts";

const TYPES: ReadonlySet<string> = new Set(["m.reaction", "m.room.redaction", "m.room.member"]);

export interface ArrivalEventDependencies extends ArrivalDependencies {
  readonly settings: PracticeSettings;
  /** Called with how long someone took to acknowledge, in seconds: for the metrics. */
  readonly onAcknowledged: (seconds: number) => void;
}

/**
 * Handles events in arrivals rooms: the recipient answers with ✅, ↩️, a quick answer or a reply, or asks for the
 * history.
 */
export function arrivalEvents(dependencies: ArrivalEventDependencies): EventHandler {
  return {
    name: "arrivals",
    handle: async (tx, event) => {
      if (!TYPES.has(event.type) && !expectsAnswer(event)) return;
      if (event.type === "m.room.member" && event.content.membership !== "join") return;
      if (event.sender === dependencies.settings.bot && event.type !== "m.room.member")
        return pinCard(tx, event);
      const place = await placeOf(tx, event);
      if (place === null) return;
      const { owner } = place;
      const ownerId = userIdOf(dependencies.settings, owner);
      if (event.type === "m.room.member") {
        if (!place.replaced && event.state_key === ownerId)
          await queuePosts(tx, cardPosts(owner, event.room_id, dependencies.arrivalSettings.quickReplies));
        return;
      }
      // Only the recipient answers. Nobody else can write in the room, and it would change nothing if they could.
      if (event.sender !== ownerId) return;
      const byThem = { ...dependencies, by: { is: "account", user: event.sender } } as const;
      switch (event.type) {
        case "m.reaction":
          return reacted(tx, byThem, place, event);
        case "m.room.redaction":
          return tookBack(tx, owner, event);
        default:
          return wrote(tx, byThem, place, event);
      }
    },
  };
}

/** An arrivals room. */
interface Place {
  readonly conversation: ConversationId;
  readonly owner: Username;
  /** Another room has replaced it. What the owner had said here before counts; nothing can be shown here. */
  readonly replaced: boolean;
}

/** The arrivals room that the event is in; null: it is in another kind of room. */
async function placeOf(tx: Transaction, event: MatrixEvent): Promise<Place | null> {
  const found = await conversationNowOrBefore(tx, event.room_id);
  if (found?.conversation.kind !== "arrivals") return null;
  const { id, user } = found.conversation;
  return { conversation: id, owner: user, replaced: found.replaced };
}

/**
 * The ref of the send that someone answers; null: it is not one of ours.
 * @throws while that cannot be known, so that the answer is handled again: Whisper was killed between sending a notice
 * and recording it, and the homeserver delivers the answer before the notice's own event.
 */
async function ownSend(
  tx: Transaction,
  bot: UserId,
  { conversation }: Place,
  answered: EventId,
): Promise<string | null> {
  const ref = await refOfEvent(tx, bot, answered);
  if (ref !== null || (await knownEvents(tx, [answered])).size > 0) return ref;
  if (await isBeingSent(tx, conversation))
    throw new Error(
      "what is answered may be a send that is still to be recorded; the answer is handled again",
    );
  return ref;
}

/** The card has been posted: its event id is now known, so it can be pinned. */
async function pinCard(tx: Transaction, event: MatrixEvent): Promise<void> {
  if (event.content[REF_KEY] !== refs.cardRef(event.room_id)) return;
  const key = `arrival-card:${event.room_id}`;
  await addJob(
    tx,
    "arrival_card",
    { room_id: event.room_id, event_id: event.event_id },
    { key, priority: 5 },
  );
}

async function reacted(
  tx: Transaction,
  dependencies: ArrivalEventDependencies,
  place: Place,
  event: MatrixEvent,
): Promise<void> {
  const { owner, replaced } = place;
  const relation = relationOf(event);
  if (relation?.kind !== "reaction") return;
  const ref = await ownSend(tx, dependencies.settings.bot, place, relation.to);
  if (ref === null) return;
  if (ref === refs.cardRef(event.room_id)) {
    if (!replaced && sameReaction(relation.key, HISTORY))
      await pressedHistory(tx, dependencies, owner, event);
    return;
  }
  const about = await noticeBehind(tx, owner, ref);
  if (about === null) return;
  const { arrival, notice } = about;
  const quick = dependencies.arrivalSettings.quickReplies.find(({ key }) => sameReaction(key, relation.key));
  // Like any reply, also about a notice that has gone since.
  if (quick !== undefined)
    return answered(tx, dependencies, place, event, about, { msgtype: "m.text", body: quick.text });
  // Retracted since, or an earlier posting of it: too late.
  if (!about.current) return;
  const directory = await dependencies.directory.within(tx);
  const at = new Date(event.origin_server_ts);
  if (sameReaction(relation.key, ACKNOWLEDGE)) {
    const change = acknowledgeNotice(arrival, owner, at);
    if (change === null) return;
    await saveArrivalChanges(tx, dependencies, directory, [change]);
    dependencies.onAcknowledged((at.getTime() - notice.toldAt.getTime()) / 1_000);
    return;
  }
  if (sameReaction(relation.key, REPLY)) {
    const opened = openThread(arrival, owner);
    if (opened === null) return;
    await saveArrivalChanges(tx, dependencies, directory, [{ arrival: opened, effects: [] }]);
    const text = words.writeHere(replyReaderName(arrival, dependencies.arrivalSettings, directory));
    await queuePosts(tx, [
      answerTo(owner, refs.threadRef(arrival, notice), text, refs.noticeRef(arrival, notice)),
    ]);
    return;
  }
  await queuePosts(tx, [answerTo(owner, refs.answerRef(event.event_id), words.notAButton, null)]);
}

/** It works like a button: the reaction is removed, so that the next press is a reaction again. */
async function pressedHistory(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  owner: Username,
  event: MatrixEvent,
): Promise<void> {
  await toggleHistory(tx, dependencies, owner, event.event_id);
  await queuePosts(tx, [
    {
      in: arrivalsConversation(owner),
      ref: refs.releaseRef(event.event_id),
      purpose: { is: "button" },
      type: "m.room.redaction",
      content: {},
      target: { event: event.event_id },
    },
  ]);
}

async function wrote(
  tx: Transaction,
  dependencies: ArrivalEventDependencies,
  place: Place,
  event: MatrixEvent,
): Promise<void> {
  const { owner } = place;
  const relation = relationOf(event);
  switch (relation?.kind) {
    case "thread":
    case "reply": {
      const targets = relation.kind === "reply" ? [relation.to] : [relation.root, relation.answers];
      for (const target of targets) {
        const ref = target === null ? null : await ownSend(tx, dependencies.settings.bot, place, target);
        const about = ref === null ? null : await noticeBehind(tx, owner, ref);
        if (about !== null && isSaid(event))
          return answered(tx, dependencies, place, event, about, asMessage(event));
      }
      break;
    }
    case "edit": {
      const name = staffName(await dependencies.directory.within(tx), owner);
      const failure = await correctReply(tx, owner, event, name, relation.of, relation.content);
      if (failure === null) return;
      return queuePosts(tx, [answerTo(owner, refs.answerRef(event.event_id), failure, null, "sentence")]);
    }
    case "reaction":
      return;
    case undefined:
      if (words.isHistory(plainText(event.content))) return toggleHistory(tx, dependencies, owner, null);
      break;
    default:
      relation satisfies never;
  }
  await queuePosts(tx, [answerTo(owner, refs.answerRef(event.event_id), words.notAReply, null)]);
}

/**
 * The recipient redacted something of theirs. Taking back ✅ changes nothing: what was acknowledged stays acknowledged.
 */
async function tookBack(tx: Transaction, owner: Username, event: MatrixEvent): Promise<void> {
  const redacted = redactedBy(event);
  if (redacted === null) return;
  await hideHistoryOf(tx, owner, redacted);
  await withdrawReply(tx, redacted);
}

async function answered(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  { owner, replaced }: Place,
  event: MatrixEvent,
  { arrival, notice }: About,
  content: MatrixEvent["content"],
): Promise<void> {
  const at = new Date(event.origin_server_ts);
  const directory = await dependencies.directory.within(tx);
  const reply = { arrival, from: owner, sender: event.sender, event: event.event_id, at, content };
  const failure = await passOnReply(tx, dependencies, directory, reply);
  if (failure === null) return;
  const thread = notice.shown && !replaced ? refs.noticeRef(arrival, notice) : null;
  await queuePosts(tx, [answerTo(owner, refs.answerRef(event.event_id), failure, thread, "sentence")]);
}

interface About {
  readonly arrival: Arrival;
  readonly notice: Notice;
  /** It is the notice that is in the room now. */
  readonly current: boolean;
}

/** The owner's notice that one of our sends was about, with its arrival locked; null: it was about none. */
async function noticeBehind(tx: Transaction, owner: Username, ref: string): Promise<About | null> {
  const about = refs.noticeBehind(ref);
  if (about === null || about.username !== owner) return null;
  const arrival = await lockArrival(tx, about.arrival);
  const notice = arrival && noticeToRecipient(arrival, owner);
  if (arrival === null || notice == null) return null;
  return { arrival, notice, current: notice.shown && notice.posting === about.posting };
}
