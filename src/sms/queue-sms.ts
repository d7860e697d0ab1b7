import { createHash } from "node:crypto";
import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { enqueueSends, type Send } from "../messages/outbox.ts";
import type { Conversation, Directory, EventId, User, Username } from "../policy/model.ts";
import { quietUntil } from "../policy/sms/quiet-hours.ts";
import { type NotSent, smsRecipient } from "../policy/sms/recipient.ts";
import { TOO_LATE } from "../policy/sms/retry.ts";
import type { Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { textForSms } from "./flagged.ts";
import { FLAG, note, problem, sign } from "./marks.ts";
import { readMobile } from "./numbers.ts";
import { workOn } from "./progress.ts";
import { addSms, sentToday, stateOfSms } from "./record/messages.ts";
import { hasOptedOut } from "./record/opt-outs.ts";
import { smsText } from "./text.ts";
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
  const directory = await dependencies.directory.within(tx);
  const to = smsRecipient(directory, conversation, sender, (mobile) =>
    readMobile(mobile, smsSettings.country),
  );
  if (to === null) return;
  if ("because" in to) {
    if (to.because === "unreadable") await tellAdmins(tx, to.to);
    return refuse(sentenceOf(to));
  }
  if (await hasOptedOut(tx, to.e164)) return refuse(words.optedOut(to.user.name));
  const at = now();
  if (at.getTime() - message.saidAt.getTime() > TOO_LATE) return refuse(words.tooLate);
  const text = textForSms(message.content, smsSettings.includePatients);
  if (text === null) return refuse(words.onlyText);
  const made = smsText(smsSettings.body, text, nameOf(directory, sender), smsSettings.practiceName);
  if (made === null) return refuse(words.noText);
  if (made === "too-long") return refuse(words.tooLong);
  if ((await sentToday(tx, sender, smsSettings.timezone)) >= smsSettings.dailyLimit)
    return refuse(words.limitReached(smsSettings.dailyLimit));
  const held = smsSettings.quietHours && quietUntil(at, smsSettings.timezone, smsSettings.quietHours);
  const id = await addSms(tx, {
    event: message.origin,
    shownEvent: message.shown,
    number: to.e164,
    conversation: conversation.id,
    sender,
    recipient: to.user.username,
    ...made,
    notBefore: held ?? at,
    saidAt: message.saidAt,
  });
  // It has been queued before: it was flagged twice, handled again, or repeated in another room.
  if (id === null) return;
  const shown: Send[] = [sign(marked, FLAG)];
  if (made.segments > 1) shown.push(note(`sms:${id}:parts`, marked, words.parts(made.segments)));
  if (held !== null)
    shown.push(note(`sms:${id}:held`, marked, words.held(clock(held, smsSettings.timezone))));
  await enqueueSends(tx, shown);
  await (held === null ? workOn(tx, id) : workOn(tx, id, held));
}

const nameOf = (directory: Directory, sender: Username): string =>
  directory.users.get(sender)?.name ?? sender;

const clock = (at: Date, timezone: string): string =>
  new Intl.DateTimeFormat("en-AU", { timeZone: timezone, hour: "numeric", minute: "2-digit" }).format(at);

function sentenceOf(refused: NotSent): string {
  switch (refused.because) {
    case "group":
      return words.inGroup;
    case "rule":
      return words.byRule(refused.sentence);
    case "no-mobile":
      return words.noMobile(refused.to.name);
    case "unreadable":
      return words.unreadable(refused.to.name);
    case "landline":
      return words.landline(refused.to.name);
    case "opted-out":
      return words.optedOut(refused.to.name);
    default:
      return refused satisfies never;
  }
}

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
