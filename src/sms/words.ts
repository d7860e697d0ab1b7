/** Every sentence about SMS, for staff. Plain, short, no ids or codes, and what to do next. */

import { sentence, title } from "../base/shown-name.ts";
import type { SmsFailure } from "../policy/sms/states.ts";

/** Our own sentence with someone's words under it or after it, exactly as they wrote them. */
const withWords = (ours: string, between: " " | "\n", theirs: string) => [ours, theirs].join(between);

// The SMS itself
export const fullText = (text: string, who: string, practice: string) =>
  withWords(text, "\n", title`- ${who}, ${practice}`);
export const noticeText = (who: string, practice: string) =>
  title`New message from ${who}, ${practice}. Open Whisper to read it.`;

// In the thread under the message
const otherwise = "Phone instead.";
export const inGroup =
  "Not sent as an SMS: that works in a conversation with one person only. Open one and write there.";
export const noMobile = (name: string) =>
  sentence`Not sent as an SMS: ${name} has no mobile number in HealthTrack. ${otherwise}`;
export const unreadable = (name: string) =>
  sentence`Not sent as an SMS: ${name}'s mobile number cannot be read. The administrators have been told. ${otherwise}`;
export const landline = (name: string) =>
  sentence`Not sent as an SMS: ${name}'s number in HealthTrack is not a mobile number. ${otherwise}`;
export const optedOut = (name: string) =>
  sentence`Not sent as an SMS: ${name} has replied STOP, and gets no SMS until they reply START. ${otherwise}`;
export const sendAnew =
  "This message is not tried again as an SMS. To try again, write it in a new message with #sms.";
export const byRule = (reason: string) => sentence`Not sent as an SMS. ${reason}`;
export const noText = "Not sent as an SMS: there is no text in it. Write what the SMS should say.";
export const tooLong = "Not sent as an SMS: it is too long for one. Shorten it and send it again.";
export const onlyText = "Not sent as an SMS: only text can be. Write what the SMS should say.";
export const limitReached = (most: number) =>
  sentence`Not sent as an SMS: you have sent ${most} today, which is the limit. Ask an administrator, or phone.`;
export const tooLate =
  "Not sent as an SMS: the message is too old by now. Send it again if it still matters.";
export const editNotSent =
  "A correction is not sent as an SMS. React to the message with 📱, or write a new one with #sms.";
export const held = (until: string) =>
  sentence`No SMS goes out at this hour. This one goes out at ${until}. Delete the message if it should not.`;
export const parts = (count: number) => sentence`This SMS is long and counts as ${count}.`;
export const shown = (text: string) =>
  withWords("SMS is not set up here, so none was sent. It would have read:", "\n", text);
export const delivered = (name: string) => sentence`The SMS to ${name} was delivered.`;
export const notSetUp = "SMS is not set up here, so none is sent.";
export const askAgain = (name: string) =>
  sentence`I can't tell whether the SMS to ${name} was sent. Press ✅ to send it again, or ❌ to leave it.`;
export const askSeveral = (name: string) =>
  sentence`Several SMS with this text have gone to ${name}, and I can't tell whether this one did. Press ✅ to send it, or ❌ to leave it.`;
export const sentAgain = "It is being sent again.";
export const leftAlone = "It is not sent again.";
export const settledAfterAll = "The SMS was sent after all. There is nothing left to do.";

export const failure = (name: string, reason: SmsFailure): string => {
  switch (reason) {
    case "wrong-number":
      return sentence`The SMS to ${name} was not delivered: their number is not in use. Correct it in HealthTrack. ${otherwise}`;
    case "landline":
      return sentence`The SMS to ${name} was not delivered: their number is not a mobile number. ${otherwise}`;
    case "opted-out":
      return optedOut(name);
    case "unreachable":
      return sentence`The SMS to ${name} was not delivered: their phone is off or out of reach. ${otherwise}`;
    case "filtered":
      return sentence`The SMS to ${name} was not delivered: their carrier took it for unwanted. Change the text, or phone.`;
    case "setup":
      return "The SMS was not sent: SMS is not set up correctly. The administrators have been told. Phone instead.";
    case "provider-away":
      return "The SMS was not sent: the SMS service does not answer. Phone instead.";
    case "too-late":
      return "The SMS was not sent: Whisper could not send it in time. Write a new message, or phone.";
    case "other":
      return sentence`The SMS to ${name} was not delivered. ${otherwise}`;
    default:
      return reason satisfies never;
  }
};

// Replies by SMS
export const reply = (text: string) => withWords("📱", " ", text);
export const writtenAt = (when: string, text: string) => withWords(sentence`(${when})`, " ", text);
export const pictureLeftOut = "(A picture came with it, which can't be shown here.)";
export const stopped = (name: string) =>
  sentence`${name} has replied STOP, and gets no more SMS. Write here instead, or phone.`;
export const started = (name: string) => sentence`${name} has replied START, and gets SMS again.`;

// For those who look after Whisper
export const cannotBeRead = (name: string, written: string) =>
  sentence`${name}'s mobile number cannot be read: ${written}. Correct it in HealthTrack.`;
export const fromNobody = (number: string, text: string) =>
  withWords(
    sentence`An SMS came from ${number}, which is nobody's number in HealthTrack. Please see to it:`,
    "\n",
    text,
  );
export const fromSeveral = (number: string, names: readonly string[], text: string) =>
  withWords(
    sentence`An SMS came from ${number}, which is the number of ${names}. Please pass it on to the right one:`,
    "\n",
    text,
  );
export const noConversation = (name: string, text: string) =>
  withWords(
    sentence`${name} replied to an SMS, and I could not put it in a conversation. Please pass it on:`,
    "\n",
    text,
  );
export const repliesLeftOut =
  "While Whisper was away, more SMS came in than it can fetch. The older ones are only at the SMS service: please look there.";
export const providerRefuses =
  "The SMS service refuses our messages. Run whisper check-config, and look at the account with the service.";
