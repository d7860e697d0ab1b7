/** Text as other systems send it. */

/**
 * Blanks, line ends and characters without width: no-break spaces, byte order marks, zero-width characters and
 * direction marks.
 */
const BLANK = /[\s\p{Z}\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** The text without surrounding blanks. Linear, whatever is sent. */
export function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && BLANK.test(text.charAt(from))) from += 1;
  while (to > from && BLANK.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}
