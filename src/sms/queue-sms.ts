import { createHash } from "node:crypto";
import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { enqueueSends, type Send } from "../messages/outbox.ts";
import type { Conversation, EventId, User, Username } from "../policy/model.ts";
import { TOO_LATE } from "../policy/sms/retry.ts";
import type { Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { FLAG, note, problem, sign } from "./marks.ts";
import { planSms } from "./plan.ts";
import { workOn } from "./progress.ts";
import { addSms, lockSender, stateOfSms } from "./record/messages.ts";
import * as words from "./words.ts";

/** A message that its sender wants sent as an SMS too. */
export interface FlaggedMessage {
  readonly conversation: Conversation;
  /** The message as its sender first wrote it. */
  readonly origin: EventId;
  /** The event that people see. */
  readonly shown: EventId;
  readonly sender: Username;
  readonly saidAt: Date;
  readonly content: MatrixEvent["content"];
}

/** Queues the SMS in the transaction that handles the message, or tells the sender in a thread why there is none. */
export async function queueSms(
  tx: Transaction,
  dependencies: SmsDependencies,
  message: FlaggedMessage,
): Promise<void> {
  const { smsSettings, now } = dependencies;
  const { conversation, sender } = message;
  const marked = { conversation: conversation.id, event: message.shown };
  const refuse = (text: string) => enqueueSends(tx, problem(refusalRef(message.shown, text), marked, text));
  // What became of it is shown already, and nothing that has changed since changes that.
  const before = await stateOfSms(tx, message.origin);
  if (before !== null) {
    if (before === "failed" || before === "undelivered")
      await enqueueSends(tx, [note(`sms-again:${message.shown}`, marked, words.sendAnew)]);
    return;
  }
  // Two messages at a time count each other for the day's limit.
  await lockSender(tx, sender);
  const plan = await planSms(tx, dependencies, await dependencies.directory.within(tx), message);
  if (plan === null) return;
  if (plan.is === "not sent") {
    if (plan.unreadable !== undefined) await tellAdmins(tx, plan.unreadable);
    return refuse(plan.sentence);
  }
  const at = now();
  if (at.getTime() - message.saidAt.getTime() > TOO_LATE) return refuse(words.tooLate);
  const { held, text } = plan;
  const id = await addSms(tx, {
    event: message.origin,
    shownEvent: message.shown,
    number: plan.number,
    conversation: conversation.id,
    sender,
    recipient: plan.to.username,
    body: text.body,
    segments: text.segments,
    notBefore: held ?? at,
    saidAt: message.saidAt,
  });
  // It has been queued before: it was flagged twice, handled again, or repeated in another room.
  if (id === null) return;
  const shown: Send[] = [sign(marked, FLAG)];
  if (text.segments > 1) shown.push(note(`sms:${id}:parts`, marked, words.parts(text.segments)));
  if (held !== null)
    shown.push(note(`sms:${id}:held`, marked, words.held(clock(held, smsSettings.timezone))));
  await enqueueSends(tx, shown);
  await (held === null ? workOn(tx, id) : workOn(tx, id, held));
}

const clock = (at: Date, timezone: string): string =>
  new Intl.DateTimeFormat("en-AU", { timeZone: timezone, hour: "numeric", minute: "2-digit" }).format(at);

/** Each reason is given once. The same message may be flagged again when its cause has been mended. */
const refusalRef = (event: EventId, text: string): string =>
  `sms-not-sent:${event}:${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;

/** Once for each number as it is written in HealthTrack. */
function tellAdmins(tx: Transaction, { username, name, mobile }: User): Promise<void> {
  const written = createHash("sha256")
    .update(mobile ?? "")
    .digest("hex")
    .slice(0, 16);
  return sendToAdminRoom(tx, `sms-number:${username}:${written}`, words.cannotBeRead(name, mobile ?? ""));
}
