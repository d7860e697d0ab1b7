/**
 * Marks that follow one character at most (Unicode Standard Annex 15, "Stream-Safe Text Process", section 13.1): no
 * language has more. To put more in their order takes the square of their number.
 */
const MOST_MARKS = 30;
/** Marks, and the two letters that become marks in NFKD. */
const MARKS = /[\p{M}\uff9e\uff9f]+/gu;

/**
 * Text in one of Unicode's normal forms, in time in proportion to it. Text of others is normalised by nothing else: what
 * `normalize` itself does with marks heaped on one character stops everybody (64 kB of them: half a second).
 */
export const normalized = (text: string, form: "NFC" | "NFKD"): string =>
  text
    .replace(MARKS, (marks) =>
      marks.length <= MOST_MARKS ? marks : [...marks].slice(0, MOST_MARKS).join(""),
    )
    .normalize(form);
