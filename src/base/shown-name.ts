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

/** What stands between the two has no effect on what is around it. */
const ISOLATED = /\u2068[^\u2068\u2069]*\u2069/gu;
/** Turns round what is beside it, or is no text at all. */
const UNRULY =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}\p{Bidi_Control}\p{Cc}\u2028\u2029]/u;

type Piece = string | number | readonly string[];

/**
 * A sentence of ours with what others wrote in it: each piece as `shownName` has it, and lists with commas. Sentences may
 * be put into sentences: what is isolated already stays as it is.
 */
export const sentence = (ours: TemplateStringsArray, ...pieces: readonly Piece[]): string =>
  String.raw({ raw: ours }, ...pieces.map((piece) => pieceText(piece, confined)));

/** What an account or a room is called, made of other names: without isolation, so that people find it as they write it. */
export const title = (ours: TemplateStringsArray, ...pieces: readonly Piece[]): string =>
  String.raw({ raw: ours }, ...pieces.map((piece) => pieceText(piece, String)));

const pieceText = (piece: Piece, shown: (text: string) => string): string =>
  typeof piece === "object" ? piece.map(shown).join(", ") : shown(String(piece));

const confined = (text: string): string =>
  PLAIN.test(text) || !UNRULY.test(text.replace(ISOLATED, "")) ? text : shownName(text);

const INTERPRETED = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** Text for a terminal: control characters other than line ends are written out, such as `\u{1b}` for an escape. */
export const forTerminal = (text: string): string =>
  text.replace(INTERPRETED, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/** The same on one line. */
export const fieldForTerminal = (text: string): string => forTerminal(text).replaceAll("\n", "\\u{a}");
