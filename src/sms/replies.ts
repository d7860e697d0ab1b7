import { oncePer } from "../base/once-per.ts";
import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import { conversationById } from "../conversations/record/store.ts";
import { enqueueSends } from "../messages/outbox.ts";
import { fitsInEvent } from "../messages/size.ts";
import type { Directory, User } from "../policy/model.ts";
import { userIdOf } from "../policy/names/names.ts";
import { mayWrite, otherOf } from "../policy/people/individual.ts";
import { keywordIn } from "../policy/sms/keywords.ts";
import type { Database, Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { BY_SMS_KEY } from "./flagged.ts";
import { note } from "./marks.ts";
import { readMobile } from "./numbers.ts";
import { markedBy } from "./progress.ts";
import type { IncomingSms } from "./provider/port.ts";
import { lastSmsTo, type SmsMessage } from "./record/messages.ts";
import { hasOptedOut, setOptedOut } from "./record/opt-outs.ts";
import { newReply } from "./record/replies.ts";
import * as words from "./words.ts";

/** A reply after this long (milliseconds) is hardly about the last SMS: the administrators see to it. */
const REPLY_WITHIN = 14 * 86_400_000;
/** A reply that is heard this much later (milliseconds) says when it was written. */
const SOON = 15 * 60_000;

/** Takes in an SMS that someone sent to the practice's number. The same one again changes nothing. */
export async function receiveSms(
  dependencies: SmsDependencies & { readonly database: Database },
  sms: IncomingSms,
): Promise<void> {
  await dependencies.database.transaction(async (tx) => {
    if (!(await newReply(tx, sms.sid))) return;
    const directory = await dependencies.directory.within(tx);
    const people = peopleWith(directory, dependencies.smsSettings.country, sms.from);
    if (await obeyed(tx, dependencies, people, sms)) return;
    const said = [sms.text.trim(), ...(sms.hasMedia ? [words.pictureLeftOut] : [])].join("\n").trim();
    if (said === "") return;
    const text = withTime(dependencies, sms.at, said);
    const ref = `sms-in:${sms.sid}`;
    const toAdmins = (said: string) => sendToAdminRoom(tx, ref, said, sms.at ?? undefined);
    const [person, another] = people;
    if (person === undefined) return toAdmins(words.fromNobody(sms.from, text));
    if (another !== undefined) {
      const names = people.map(({ name }) => name);
      return toAdmins(words.fromSeveral(sms.from, names, text));
    }
    if (!(await toConversation(tx, dependencies, directory, person, sms, text)))
      await toAdmins(words.noConversation(person.name, text));
  });
}

/** STOP and START, by anyone. They are kept by number, so a number that two people share counts for both. */
async function obeyed(
  tx: Transaction,
  { now }: SmsDependencies,
  people: readonly User[],
  { from, text, sid, at }: IncomingSms,
): Promise<boolean> {
  const keyword = keywordIn(text.trim(), await hasOptedOut(tx, from));
  if (keyword === null) return false;
  if (!(await setOptedOut(tx, from, keyword === "stop", at))) return true;
  const name = people.map((each) => each.name).join(", ") || from;
  const said = keyword === "stop" ? words.stopped(name) : words.started(name);
  const last = await answeredSms(tx, from, at, now());
  if (last === null) await sendToAdminRoom(tx, `sms-keyword:${sid}`, said);
  else await enqueueSends(tx, [note(`sms-keyword:${sid}`, markedBy(last), said)]);
  return true;
}

/** The SMS to the number that went out last before then. */
function answeredSms(tx: Transaction, from: string, at: Date | null, now: Date): Promise<SmsMessage | null> {
  const since = new Date((at ?? now).getTime() - REPLY_WITHIN);
  return lastSmsTo(tx, from, { since, until: at });
}

/** What was written a while ago says when. */
function withTime(
  { smsSettings: { timezone }, now }: SmsDependencies,
  at: Date | null,
  text: string,
): string {
  if (at === null || now().getTime() - at.getTime() < SOON) return text;
  const when = new Intl.DateTimeFormat("en-AU", {
    timeZone: timezone,
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
  });
  return words.writtenAt(when.format(at), text);
}

/** Puts the reply into the conversation of the last SMS, as that person. False: there is none in which they may write. */
async function toConversation(
  tx: Transaction,
  { settings, now }: SmsDependencies,
  directory: Directory,
  person: User,
  sms: IncomingSms,
  text: string,
): Promise<boolean> {
  const last = await answeredSms(tx, sms.from, sms.at, now());
  const stored = last && (await conversationById(tx, last.conversation));
  const conversation = stored?.conversation;
  if (conversation?.kind !== "individual" || !conversation.pair.includes(person.username)) return false;
  const other = otherOf(conversation.pair, person.username);
  const content = { msgtype: "m.text", body: words.reply(text), [BY_SMS_KEY]: true, "m.mentions": {} };
  if (!mayWrite(directory, person.username, other).allowed || !fitsInEvent(content)) return false;
  await enqueueSends(tx, [
    {
      ref: `sms-in:${sms.sid}`,
      conversation: conversation.id,
      purpose: { is: "sms_reply", name: person.name },
      as: userIdOf(settings, person.username),
      type: "m.room.message",
      content,
      // A fetched one may be there already, if this database was restored from a backup.
      since: sms.at ?? undefined,
    },
  ]);
  return true;
}

/** Active people by their mobile number, found once for each directory and country. */
const byNumber = oncePer((users: Directory["users"]) => {
  const countries = new Map<string, ReadonlyMap<string, readonly User[]>>();
  return (country: string) => {
    const known = countries.get(country);
    if (known !== undefined) return known;
    const found = new Map<string, User[]>();
    for (const user of users.values()) {
      const number = user.active ? readMobile(user.mobile, country) : null;
      if (number?.is !== "mobile") continue;
      const others = found.get(number.e164);
      if (others === undefined) found.set(number.e164, [user]);
      else others.push(user);
    }
    countries.set(country, found);
    return found;
  };
});

const peopleWith = (directory: Directory, country: string, number: string): readonly User[] =>
  byNumber(directory.users)(country).get(number) ?? [];
