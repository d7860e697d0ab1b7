/**
 * The length of a text as JSON Schema, zod, PostgreSQL and Synapse count it: an emoji is one character, though
 * JavaScript's `length` counts it as two.
 */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** @param most in code points. A text is never longer in them than JavaScript's `length` says. */
export const isLonger = (text: string, most: number): boolean =>
  text.length > most && codePoints(text) > most;
