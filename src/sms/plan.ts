import type { MatrixEvent } from "../messages/event.ts";
import type { Conversation, Directory, User, Username } from "../policy/model.ts";
import { quietUntil } from "../policy/sms/quiet-hours.ts";
import { type Pair, smsRecipient } from "../policy/sms/recipient.ts";
import type { Queryable } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { textForSms } from "./flagged.ts";
import { readMobile } from "./numbers.ts";
import { sentToday } from "./record/messages.ts";
import { hasOptedOut } from "./record/opt-outs.ts";
import { type SmsText, smsText } from "./text.ts";
import * as words from "./words.ts";

/** Why a message is not sent as an SMS. */
export const NOT_SENT = [
  "group",
  "rule",
  "no-mobile",
  "unreadable",
  "landline",
  "opted-out",
  "only-text",
  "no-text",
  "too-long",
  "limit",
] as const;

/** What sending a message as an SMS would do now. The one rule for sending and for showing it beforehand. */
export type SmsPlan =
  | {
      readonly is: "sms";
      readonly to: User;
      readonly number: string;
      readonly text: SmsText;
      /** Quiet hours hold it until then; null: it goes out at once. */
      readonly held: Date | null;
    }
  | {
      readonly is: "not sent";
      readonly because: (typeof NOT_SENT)[number];
      /** For the sender. */
      readonly sentence: string;
      /** Whose number HealthTrack should correct. */
      readonly unreadable?: User;
    };

/** Null: nobody can be written to as an SMS from there, such as in the room of alerts. */
export async function planSms(
  db: Queryable,
  { smsSettings, now }: Pick<SmsDependencies, "smsSettings" | "now">,
  directory: Directory,
  message: {
    readonly conversation: Conversation | Pair;
    readonly sender: Username;
    readonly content: MatrixEvent["content"];
  },
): Promise<SmsPlan | null> {
  const { conversation, sender, content } = message;
  const to = smsRecipient(directory, conversation, sender, (mobile) =>
    readMobile(mobile, smsSettings.country),
  );
  if (to === null) return null;
  if ("because" in to) {
    switch (to.because) {
      case "group":
        return notSent("group", words.inGroup);
      case "rule":
        return notSent("rule", words.byRule(to.sentence));
      case "no-mobile":
        return notSent("no-mobile", words.noMobile(to.to.name));
      case "unreadable":
        return { ...notSent("unreadable", words.unreadable(to.to.name)), unreadable: to.to };
      case "landline":
        return notSent("landline", words.landline(to.to.name));
      default:
        return to satisfies never;
    }
  }
  if (await hasOptedOut(db, to.e164)) return notSent("opted-out", words.optedOut(to.user.name));
  const said = textForSms(content, smsSettings.includePatients);
  if (said === null) return notSent("only-text", words.onlyText);
  const who = directory.users.get(sender)?.name ?? sender;
  const text = smsText(smsSettings.body, said, who, smsSettings.practiceName);
  if (text === null) return notSent("no-text", words.noText);
  if (text === "too-long") return notSent("too-long", words.tooLong);
  if ((await sentToday(db, sender, smsSettings.timezone)) >= smsSettings.dailyLimit)
    return notSent("limit", words.limitReached(smsSettings.dailyLimit));
  const { quietHours, timezone } = smsSettings;
  const held = quietHours && quietUntil(now(), timezone, quietHours);
  return { is: "sms", to: to.user, number: to.e164, text, held };
}

const notSent = (because: (typeof NOT_SENT)[number], sentence: string) =>
  ({ is: "not sent", because, sentence }) as const;
