/** The pieces of a command line. */

import type { UserId } from "../policy/model.ts";

export type Token =
  | { readonly is: "word" | "quoted"; readonly text: string }
  /** `%doctors`, `%"Night shift"` */
  | { readonly is: "group"; readonly text: string }
  | { readonly is: "account"; readonly id: UserId }
  /** Separates two pieces: a comma, a semicolon, `and`. */
  | { readonly is: "comma"; readonly text: string };

/** The marks that close each opening quotation mark, as people and their keyboards write them. */
const DOUBLE: Readonly<Record<string, string>> = {
  '"': '"“”',
  "“": '”"“',
  "”": '”"',
  "„": '“”"‟',
  "‟": '”"',
  "«": "»",
  "»": "«",
  "‹": "›",
  "›": "‹",
  "「": "」",
  "『": "』",
  "＂": "＂",
};
/** These look like apostrophes: they open before a word and close after one; inside a word they are apostrophes. */
const SINGLE: Readonly<Record<string, string>> = { "'": "'", "‘": "’'", "‚": "‘’", "‛": "’'" };
const BLANK = /\s/u;
const AFTER_A_WORD = /[\s,;.:!?)]/u;

export function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  // A mark that is never closed is not searched for again.
  const unclosed = new Set<string>();
  for (let at = 0; at < line.length; ) {
    const first = line.charAt(at);
    if (BLANK.test(first)) at += 1;
    else if (first === "," || first === ";") {
      tokens.push({ is: "comma", text: first });
      at += 1;
    } else {
      const group = first === "%";
      const start = group ? at + 1 : at;
      const quoted = quotedAt(line, start, unclosed);
      if (quoted !== null) {
        tokens.push(quotedToken(quoted.text.trim(), group));
        at = quoted.end;
      } else {
        let end = start;
        while (end < line.length && !endsWord(line, end)) end += 1;
        const word = line.slice(start, end);
        tokens.push(group && word !== "" ? { is: "group", text: word } : wordToken(line.slice(at, end)));
        at = end;
      }
    }
  }
  return tokens;
}

function quotedToken(text: string, group: boolean): Token {
  if (group) return { is: "group", text };
  // A mention inside quotation marks is a mention.
  return isAccount(text) ? { is: "account", id: text as UserId } : { is: "quoted", text };
}

function wordToken(word: string): Token {
  if (/^(and|&)$/i.test(word)) return { is: "comma", text: word };
  // The end of a sentence is not part of an account either.
  let end = word.length;
  while (".:!?…)".includes(word.charAt(end - 1)) && end > 0) end -= 1;
  const account = word.slice(0, end);
  return isAccount(account) ? { is: "account", id: account as UserId } : { is: "word", text: word };
}

const isAccount = (text: string): boolean => /^@[^:\s]+:\S+$/.test(text);

const endsWord = (line: string, at: number): boolean => {
  const character = line.charAt(at);
  return BLANK.test(character) || character === "," || character === ";" || character in DOUBLE;
};

/** The text in quotation marks that open here; null: none do. Unclosed double marks extend to the end. */
function quotedAt(
  line: string,
  at: number,
  unclosed: Set<string>,
): { readonly text: string; readonly end: number } | null {
  const mark = line.charAt(at);
  const double = DOUBLE[mark];
  const closing = double ?? SINGLE[mark];
  if (mark === "" || closing === undefined) return null;
  if (!unclosed.has(mark)) {
    for (let end = at + 1; end < line.length; end += 1) {
      if (!closing.includes(line.charAt(end))) continue;
      if (double === undefined && end + 1 < line.length && !AFTER_A_WORD.test(line.charAt(end + 1))) continue;
      return { text: line.slice(at + 1, end), end: end + 1 };
    }
    unclosed.add(mark);
  }
  return double === undefined ? null : { text: line.slice(at + 1), end: line.length };
}

/** The tokens before and after the first plain word from the list; null: there is none. */
export function splitAt(tokens: readonly Token[], words: readonly string[]): [Token[], Token[]] | null {
  const at = tokens.findIndex((token) => token.is === "word" && words.includes(token.text.toLowerCase()));
  return at < 0 ? null : [tokens.slice(0, at), tokens.slice(at + 1)];
}

/** The token as part of a name; null: it can only stand for itself. */
export const nameText = (token: Token): string | null =>
  token.is === "word" || token.is === "quoted" || token.is === "group" ? token.text : null;

/** What was typed, as one name. */
export const typed = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => (token.is === "account" ? "" : token.text))
    .join(" ")
    .replace(/ (?=[,;])/g, "")
    .trim();
