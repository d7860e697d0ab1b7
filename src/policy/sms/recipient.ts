import type { Conversation, Directory, User, Username } from "../model.ts";
import { mayWrite, otherOf } from "../people/individual.ts";

/** A mobile number as HealthTrack's text was read; see src/sms/numbers.ts. */
export type ReadNumber =
  | { readonly is: "mobile"; readonly e164: string }
  | { readonly is: "none" | "unreadable" | "landline" };

/** Why a message is not sent as an SMS, before there is one. */
export type NotSent =
  | { readonly because: "group" }
  /** The rules do not let the sender write to them; the sentence says why. */
  | { readonly because: "rule"; readonly sentence: string }
  | { readonly because: "no-mobile" | "unreadable" | "landline"; readonly to: User };

/** Two people, with or without a conversation yet. */
export type Pair = Pick<Extract<Conversation, { kind: "individual" }>, "kind" | "pair">;

export type SmsRecipient = { readonly user: User; readonly e164: string };

/** To whom a message in this conversation goes as an SMS. Null: the conversation has nobody to send it to. */
export function smsRecipient(
  directory: Directory,
  conversation: Conversation | Pair,
  sender: Username,
  read: (mobile: string | null) => ReadNumber,
): SmsRecipient | NotSent | null {
  switch (conversation.kind) {
    case "group":
    case "custom":
      return { because: "group" };
    case "individual": {
      const to = otherOf(conversation.pair, sender);
      const verdict = mayWrite(directory, sender, to);
      if (!verdict.allowed) return { because: "rule", sentence: verdict.reason };
      const user = directory.users.get(to);
      if (user === undefined) return null;
      const number = read(user.mobile);
      switch (number.is) {
        case "mobile":
          return { user, e164: number.e164 };
        case "none":
          return { because: "no-mobile", to: user };
        case "unreadable":
        case "landline":
          return { because: number.is, to: user };
        default:
          return number satisfies never;
      }
    }
    case "alerts":
    case "arrivals":
    case "control":
    case "admin":
      return null;
    default:
      return conversation satisfies never;
  }
}
