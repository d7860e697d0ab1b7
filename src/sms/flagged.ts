import { sameReaction } from "../base/reaction-key.ts";
import { directedText } from "../messages/directives.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { MOVED, REF_KEY } from "../messages/outbox.ts";
import { relationOf } from "../messages/relation.ts";
import { PATIENTS_KEY } from "../patients/linked-content.ts";
import { asksForSms, MOST_PATIENTS, withoutDirectives } from "../policy/directives/directive.ts";
import type { EventId } from "../policy/model.ts";
import { FLAG } from "./marks.ts";

/** A client that knows Whisper sets it to `true` in the content instead of writing `#sms`. */
export const SMS_KEY = "au.healthtrack.whisper.sms";
/** In the content of a reply by SMS. */
export const BY_SMS_KEY = "au.healthtrack.whisper.by_sms";

type Content = MatrixEvent["content"];

/** Does the message ask to be sent as an SMS too? What Whisper wrote for someone who replied by SMS does not. */
export function isFlagged(content: Content): boolean {
  if (content[BY_SMS_KEY] !== undefined) return false;
  if (content[SMS_KEY] === true) return true;
  return asksForSms(directedText(content)?.directives ?? []);
}

/** Is it 📱 under a message? @returns that message. */
export function flaggedByReaction(event: MatrixEvent): EventId | null {
  if (event.type !== "m.reaction") return null;
  const relation = relationOf(event);
  return relation?.kind === "reaction" && sameReaction(relation.key, FLAG) ? relation.to : null;
}

/** The message as its sender first wrote it: a repetition in another room is the same message, and is sent once. */
export function originOf({ event_id, content }: Pick<MatrixEvent, "event_id" | "content">): EventId {
  const ref = content[REF_KEY];
  return typeof ref === "string" && ref.startsWith(`${MOVED}$`)
    ? (ref.slice(MOVED.length) as EventId)
    : event_id;
}

/** The text for an SMS: without `#sms`, and without links to patients unless they are wanted. Null: it is not text. */
export function textForSms(content: Content, includePatients: boolean): string | null {
  if (content.msgtype !== "m.text" && content.msgtype !== "m.emote") return null;
  const directed = directedText(content);
  if (directed === null) return null;
  const { text, directives } = directed;
  if (!includePatients) return withoutLinks(withoutDirectives(text, directives), content[PATIENTS_KEY]);
  return withoutDirectives(text, includePatients ? directives.filter(({ is }) => is === "sms") : directives);
}

/** The text without the names of links to patients, which a corrected message may hold. The longest go first. */
function withoutLinks(text: string, patients: unknown): string {
  if (!Array.isArray(patients)) return text;
  return patients
    .slice(0, MOST_PATIENTS)
    .filter((patient): patient is string => typeof patient === "string" && patient !== "")
    .toSorted((one, other) => other.length - one.length)
    .reduce(withoutLink, text);
}

/** `Patient 1` is not the beginning of `Patient 12`. */
const withoutLink = (text: string, patient: string): string =>
  text
    .split(`Patient ${patient}`)
    .reduce((left, rest) => (/^[\p{L}\p{N}]/u.test(rest) ? `${left}Patient ${patient}${rest}` : left + rest));
