/**
 * What a message asks for in its text: `#sms` (docs/product-text.md, "Send a Message as an SMS") and `#patient 12345`
 * ("Link to a Patient"). Positions are UTF-16 units of the text.
 */

interface Place {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export type Directive = Place &
  (
    | { readonly is: "sms" }
    | { readonly is: "patient"; readonly patient: PatientReference }
    /** `#patient` with an id that cannot be read without guessing, such as `12,345`. It links nobody. */
    | { readonly is: "unreadable"; readonly written: string }
  );

/** Null: the patient who is open in HealthTrack. Otherwise the id exactly as written, with its leading zeros. */
export type PatientReference = string | null;

/** Product text, "Link to a Patient": up to three patients can be linked in a single message. */
export const MOST_PATIENTS = 3;

export const asksForSms = (directives: readonly Directive[]): boolean =>
  directives.some(({ is }) => is === "sms");

/** The different patients, in the order written. A caller that knows who is open in HealthTrack passes that id. */
export function patientsIn(
  directives: readonly Directive[],
  open: string | null = null,
): { readonly patients: readonly PatientReference[]; readonly tooMany: boolean } {
  const different = new Set<PatientReference>();
  for (const directive of directives)
    if (directive.is === "patient") different.add(directive.patient ?? open);
  return { patients: [...different].slice(0, MOST_PATIENTS), tooMany: different.size > MOST_PATIENTS };
}

/** The ids that could not be read, as written. */
export const unreadableIn = (directives: readonly Directive[]): readonly string[] =>
  directives.flatMap((directive) => (directive.is === "unreadable" ? [directive.written] : []));

/**
 * The text without its directives, and otherwise exactly as typed. A directive takes along the one blank that set it off
 * from the text, and its line if there was nothing else on it.
 * @param directives in the order of the text.
 */
export function withoutDirectives(text: string, directives: readonly Directive[]): string {
  // No empty pieces, so that the last one ends with the last character kept.
  const kept: string[] = [];
  const dropLast = () => {
    const last = kept.pop()?.slice(0, -1) ?? "";
    if (last !== "") kept.push(last);
  };
  let from = 0;
  for (const { start, end } of directives) {
    if (start > from) kept.push(text.slice(from, start));
    from = end;
    const next = text[end];
    const before = kept.at(-1)?.at(-1);
    if (before === undefined || before === "\n") {
      if (isBlank(next) || next === "\n") from += 1;
      else if (next === undefined) dropLast();
    } else if (isBlank(before) && !isWord(next)) dropLast();
  }
  return kept.join("") + text.slice(from);
}

const isBlank = (character: string | undefined): boolean => character === " " || character === "\t";
const isWord = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{N}]/u.test(character);
