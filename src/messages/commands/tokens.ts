/** The pieces of a command line. */

import type { UserId } from "../../policy/model.ts";

export type Token =
  | { readonly is: "word" | "quoted"; readonly text: string }
  /** `%doctors`, `%"Night shift"` */
  | { readonly is: "group"; readonly text: string }
  | { readonly is: "account"; readonly id: UserId }
  /** Between two pieces that are not one: a comma, a semicolon, `and`. */
  | { readonly is: "comma"; readonly text: string };

const PIECES = /%["“”]([^"“”]*)["“”]|%([^\s,;"“”]+)|["“”]([^"“”]*)(?:["“”]|$)|([,;])|([^\s,;"“”]+)/g;

export function tokensOf(line: string): Token[] {
  return [...line.matchAll(PIECES)].map(([, quotedGroup, group, quoted, comma, word = ""]): Token => {
    const named = quotedGroup ?? group;
    if (named !== undefined) return { is: "group", text: named.trim() };
    if (quoted !== undefined) return { is: "quoted", text: quoted.trim() };
    if (comma !== undefined || /^(and|&)$/i.test(word)) return { is: "comma", text: comma ?? word };
    return /^@[^:]+:.+$/.test(word) ? { is: "account", id: word as UserId } : { is: "word", text: word };
  });
}

/** The tokens before and after the first plain word of these; null: there is none. */
export function splitAt(tokens: readonly Token[], words: readonly string[]): [Token[], Token[]] | null {
  const at = tokens.findIndex((token) => token.is === "word" && words.includes(token.text.toLowerCase()));
  return at < 0 ? null : [tokens.slice(0, at), tokens.slice(at + 1)];
}

/** The token as it may be part of a name; null: it can only stand for itself. */
export const nameText = (token: Token): string | null =>
  token.is === "word" || token.is === "quoted" || token.is === "group" ? token.text : null;

/** What was typed, as one name. */
export const typed = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => (token.is === "account" ? "" : token.text))
    .join(" ")
    .replace(/ (?=[,;])/g, "")
    .trim();
