import { sameReaction } from "../base/reaction-key.ts";
import { conversationOfRoom, type StoredConversation } from "../conversations/record/store.ts";
import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { messageNow } from "../messages/inbox-queries.ts";
import { enqueueSends, refOfEvent } from "../messages/outbox.ts";
import { redactedBy, relationOf } from "../messages/relation.ts";
import { isSaid } from "../messages/said.ts";
import type { EventId, Username } from "../policy/model.ts";
import { usernameOf } from "../policy/names/names.ts";
import type { Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { flaggedByReaction, isFlagged, originOf } from "./flagged.ts";
import { LEAVE, note, SEND_AGAIN } from "./marks.ts";
import { queueSms } from "./queue-sms.ts";
import { emptyBody, lockSms, markWithdrawn, setState, smsOfEvent } from "./record/messages.ts";
import { decide } from "./review.ts";
import * as words from "./words.ts";

/** Handles messages flagged to be sent as SMS, and what their senders do with them afterwards. */
export function smsEvents(dependencies: SmsDependencies): EventHandler {
  const { directory, settings } = dependencies;
  const by = async (tx: Transaction, event: MatrixEvent) =>
    usernameOf(settings, event.sender, await directory.within(tx));
  return {
    name: "sms",
    handle: async (tx, event) => {
      if (event.sender === settings.bot) return;
      if (event.type === "m.room.redaction") return withdrawn(tx, event);
      if (event.type === "m.reaction") return reacted(tx, dependencies, event, by);
      if (!isSaid(event)) return;
      const relation = relationOf(event);
      if (relation?.kind === "edit") return corrected(tx, event, relation.of, relation.content);
      if (!isFlagged(event.content)) return;
      const stored = await conversationOfRoom(tx, event.room_id);
      const sender = await by(tx, event);
      if (stored === null || sender === null) return;
      await queueSms(tx, dependencies, {
        conversation: stored.conversation,
        origin: originOf(event),
        shown: event.event_id,
        sender,
        saidAt: new Date(event.origin_server_ts),
        content: event.content,
      });
    },
  };
}

type By = (tx: Transaction, event: MatrixEvent) => Promise<Username | null>;

async function reacted(
  tx: Transaction,
  dependencies: SmsDependencies,
  event: MatrixEvent,
  by: By,
): Promise<void> {
  const relation = relationOf(event);
  if (relation?.kind !== "reaction") return;
  const { key, to } = relation;
  if (sameReaction(key, SEND_AGAIN) || sameReaction(key, LEAVE)) {
    const id = await reviewBehind(tx, dependencies, event, to, by);
    if (id !== null) await decide(tx, dependencies, id, sameReaction(key, LEAVE) ? "leave" : "send");
    return;
  }
  if (flaggedByReaction(event) === null) return;
  const stored = await conversationOfRoom(tx, event.room_id);
  if (stored === null) return;
  const said = await messageNow(tx, event.room_id, to);
  // Only one's own message: whoever pays for an SMS and is named in it has to want it.
  if (said === null || said.event.sender !== event.sender || !isSaid(said.event)) return;
  const sender = await by(tx, event);
  if (sender === null) return;
  await queueSms(tx, dependencies, {
    conversation: stored.conversation,
    origin: originOf(said.event),
    shown: said.event.event_id,
    sender,
    // Asked for now, so it is not too late, however old the message is.
    saidAt: new Date(event.origin_server_ts),
    content: said.content,
  });
}

/** The SMS about which the sender is asked in this note; null: it is another event, or someone else answers. */
async function reviewBehind(
  tx: Transaction,
  { settings }: SmsDependencies,
  event: MatrixEvent,
  to: EventId,
  by: By,
): Promise<string | null> {
  const ref = await refOfEvent(tx, settings.bot, to);
  const id = ref === null ? undefined : /^sms-review:(\d+):/.exec(ref)?.[1];
  if (id === undefined) return null;
  const sms = await lockSms(tx, id);
  return sms !== null && sms.sender === (await by(tx, event)) ? id : null;
}

/** A correction is never sent. Someone who only now asks for an SMS is told what to do. */
async function corrected(
  tx: Transaction,
  event: MatrixEvent,
  of: EventId,
  content: MatrixEvent["content"],
): Promise<void> {
  if (!isFlagged(content)) return;
  const stored = await conversationOfRoom(tx, event.room_id);
  if (stored === null || !mayHaveSms(stored) || (await smsOfEvent(tx, of)).length > 0) return;
  const before = await messageNow(tx, event.room_id, of);
  if (before !== null && isFlagged(before.event.content)) return;
  const marked = { conversation: stored.conversation.id, event: of };
  await enqueueSends(tx, [note(`sms-edit:${of}`, marked, words.editNotSent)]);
}

const mayHaveSms = ({ conversation: { kind } }: StoredConversation): boolean => kind === "individual";

/** A deleted message is not sent any more, if it still waits. Its text is forgotten here too. */
async function withdrawn(tx: Transaction, event: MatrixEvent): Promise<void> {
  const deleted = redactedBy(event);
  if (deleted === null) return;
  for (const { id } of await smsOfEvent(tx, deleted)) {
    const sms = await lockSms(tx, id);
    if (sms === null) continue;
    if (sms.state === "queued" || sms.state === "review") {
      await setState(tx, id, "cancelled");
      await emptyBody(tx, id);
    } else if (sms.state === "submitting" || sms.state === "unknown") await markWithdrawn(tx, id);
    else await emptyBody(tx, id);
  }
}
