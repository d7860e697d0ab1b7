/** Names from outside, shown within Whisper's own sentences. */

import { tidyName } from "./tidy-name.ts";

/** Most names consist of these characters: nothing in them needs a second look. */
const PLAIN = /^[ -~\u00c0-\u024f·–—’…]+$/u;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The name, fit for a sentence: visible, on one line, and isolated if it is written from right to left, so that it does
 * not reverse the text around it (Unicode Standard Annex 9, section 2.4).
 */
export function shownName(name: string): string {
  if (PLAIN.test(name)) return name;
  const visible = tidyName(name) || "?";
  return RIGHT_TO_LEFT.test(visible) ? `\u2068${visible}\u2069` : visible;
}

/** Text between these two has no effect on the text around it. */
const ISOLATED = /\u2068[^\u2068\u2069]*\u2069/gu;
/** Reverses the text around it, or is not text at all. */
const UNRULY =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}\p{Bidi_Control}\p{Cc}\u2028\u2029]/u;

type Piece = string | number | readonly string[];

/**
 * One of Whisper's sentences with other people's words in it: each piece as `shownName` returns it, and lists with
 * commas. Sentences may be nested: what is already isolated stays as it is.
 */
export const sentence = (ours: TemplateStringsArray, ...pieces: readonly Piece[]): string =>
  String.raw({ raw: ours }, ...pieces.map((piece) => pieceText(piece, confined)));

/** The name of an account or a room, made of other names. Not isolated, so that people find it as they type it. */
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
