import type { Directive } from "./directive.ts";
import type { Span } from "./literal.ts";

/**
 * The directives in a text, in order. Takes time in proportion to the text.
 *
 * A directive is a whole word, in capitals or not. `#smsx`, `##sms`, `a#sms`, `/#sms` and `\#sms` are none. Punctuation,
 * brackets, emoji and marks for the direction of writing may touch it: `(#sms)`, `#SMS.`, `👍#sms`.
 * @param literal the parts where nothing counts as a directive, in order, such as code and quotations.
 */
export function readDirectives(text: string, literal: readonly Span[] = []): Directive[] {
  const found: Directive[] = [];
  let span = 0;
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at + 1)) {
    while ((literal[span]?.end ?? Number.POSITIVE_INFINITY) <= at) span += 1;
    if ((literal[span]?.start ?? Number.POSITIVE_INFINITY) <= at) continue;
    if (touchesBefore(text, at)) continue;
    const directive = directiveAt(text, at);
    if (directive === null) continue;
    found.push(directive);
    at = directive.end - 1;
  }
  return found;
}

function directiveAt(text: string, at: number): Directive | null {
  const afterSms = at + "#sms".length;
  if (text.slice(at, afterSms).toLowerCase() === "#sms")
    return touchesAfter(text, afterSms) ? null : { is: "sms", start: at, end: afterSms };
  const afterPatient = at + "#patient".length;
  if (text.slice(at, afterPatient).toLowerCase() !== "#patient") return null;
  return patientAt(text, at, afterPatient);
}

/** What may follow `#patient`: an id in its own word, or after a colon. */
const BEFORE_ID = /:?[\t \u00a0]*#?/y;
/** Everything that belongs to a number for its reader, so that `12,345` is not taken for patient 12. */
const WRITTEN = /[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}]|[-_'’+](?=[\p{L}\p{N}])|[,.:/](?=\p{N}))*/uy;
/** Digits, after at most three letters: `00123`, `P123`, `HT-123`. `#patient arrived` names nobody. */
const PATIENT_ID = /^(?:[A-Za-z]{1,3}-?)?\d{1,20}$/;

function patientAt(text: string, start: number, named: number): Directive | null {
  BEFORE_ID.lastIndex = named;
  const between = BEFORE_ID.exec(text)?.[0] ?? "";
  WRITTEN.lastIndex = named + between.length;
  const written = between === "" ? "" : (WRITTEN.exec(text)?.[0] ?? "");
  const end = named + between.length + written.length;
  if (PATIENT_ID.test(written)) return { is: "patient", patient: written, start, end };
  const meantAsId = /^\p{N}/u.test(written) || (between === ":" && /\p{N}/u.test(written));
  if (meantAsId) return { is: "unreadable", written, start, end };
  return touchesAfter(text, named) ? null : { is: "patient", patient: null, start, end: named };
}

/** Part of a longer word, of an address (`/#sms`, `&#sms`), or written so that it does not count (`\#sms`). */
const touchesBefore = (text: string, at: number): boolean => {
  const before = characterBefore(text, at);
  return before !== "" && (isWordCharacter(before) || "#/&@=\\".includes(before));
};

const touchesAfter = (text: string, at: number): boolean => {
  const after = characterAt(text, at);
  if (after === "") return false;
  if (isWordCharacter(after) || after === "#") return true;
  // `#sms-team`, `#sms:practice.example` (a room's address), `#sms's`.
  return "-:'’/=@&+".includes(after) && isWordCharacter(characterAt(text, at + after.length));
};

/** Emoji may touch a directive, so what only chooses how a character is drawn is no part of a word. */
const isWordCharacter = (character: string): boolean =>
  /[\p{L}\p{N}\p{M}_]/u.test(character) && !/[\ufe00-\ufe0f\u20e3]/u.test(character);

const characterAt = (text: string, at: number): string => {
  const point = text.codePointAt(at);
  return point === undefined ? "" : String.fromCodePoint(point);
};

function characterBefore(text: string, at: number): string {
  if (at === 0) return "";
  const last = text.charCodeAt(at - 1);
  const isPair = last >= 0xdc00 && last <= 0xdfff && at >= 2;
  const pair = isPair ? characterAt(text, at - 2) : "";
  return pair.length === 2 ? pair : text.charAt(at - 1);
}
