/** Names from outside where they stand among words of ours. */

import { tidyName } from "./tidy-name.ts";

/** Most names consist of these characters: nothing in them needs a second look. */
const PLAIN = /^[ -~\u00c0-\u024f·–—’…]+$/u;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The name as it can stand in a sentence: visible, on one line, and, when it is written from right to left, isolated, so
 * that it does not turn round what stands beside it (Unicode Standard Annex 9, section 2.4).
 */
export function shownName(name: string): string {
  if (PLAIN.test(name)) return name;
  const visible = tidyName(name) || "?";
  return RIGHT_TO_LEFT.test(visible) ? `\u2068${visible}\u2069` : visible;
}

const INTERPRETED = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** Text for a terminal: control characters other than line ends are written out, such as `\u{1b}` for an escape. */
export const forTerminal = (text: string): string =>
  text.replace(INTERPRETED, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/** The same on one line. */
export const fieldForTerminal = (text: string): string => forTerminal(text).replaceAll("\n", "\\u{a}");
