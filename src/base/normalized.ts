/**
 * The most marks that may follow one character (Unicode Standard Annex 15, "Stream-Safe Text Process", section 13.1):
 * no language has more. Sorting more takes the square of their number.
 */
const MOST_MARKS = 30;
/** Marks, and the two letters that become marks in NFKD. */
const MARKS = /[\p{M}\uff9e\uff9f]+/gu;

/**
 * Text in one of Unicode's normal forms, in linear time. Always use this for text from others: `normalize` alone is so
 * slow on marks heaped on one character that it blocks everyone (64 kB of them: half a second).
 */
export const normalized = (text: string, form: "NFC" | "NFKD"): string =>
  text
    .replace(MARKS, (marks) =>
      marks.length <= MOST_MARKS ? marks : [...marks].slice(0, MOST_MARKS).join(""),
    )
    .normalize(form);
