/** Names as people type them: which differences still mean the same person. */

import { normalized } from "../base/normalized.ts";
import { foldName } from "../policy/names/names.ts";
import * as rules from "../policy/words.ts";

/** Letters that do not decompose into a letter and an accent. */
const PLAIN: Readonly<Record<string, string>> = {
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  æ: "ae",
  œ: "oe",
  ı: "i",
};

/** How the display name of a group's handle ends. */
const HANDLE_ENDINGS = [rules.groupHandleName(""), rules.customGroupHandleName("")];

/** As names are stored, ignoring case and what a handle's name adds. */
export function exactSpelling(name: string): string {
  const folded = foldName(name.trim().replace(/^@/, ""));
  const ending = HANDLE_ENDINGS.find((each) => folded.endsWith(each));
  return (ending === undefined ? folded : folded.slice(0, -ending.length)).trim();
}

/**
 * Ignores accents, apostrophes of any kind, punctuation and the number of blanks: `Dr. Seán O’Brien` becomes `dr sean
 * obrien`.
 */
export function looseSpelling(name: string): string {
  const small = normalized(exactSpelling(name), "NFKD").replace(/[\p{M}\p{Cf}'’‘ʼ\u0060´]/gu, "");
  const letters = small
    .toUpperCase()
    .toLowerCase()
    .replace(/[øłđðþæœı]/gu, (letter) => PLAIN[letter] ?? letter);
  return letters.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

const TITLES: Readonly<Record<string, string>> = {
  dr: "dr",
  doctor: "dr",
  prof: "prof",
  professor: "prof",
  mr: "mr",
  mrs: "mrs",
  ms: "ms",
  miss: "miss",
  mx: "mx",
  sr: "sister",
  sister: "sister",
};

export interface Titled {
  /** In one spelling; null: none. */
  readonly title: string | null;
  /** In loose form, without the title. */
  readonly name: string;
}

/** Splits a loose name into title and name: `dr priya nair` is Priya Nair, a doctor. */
export function splitTitle(loose: string): Titled {
  const [first = "", ...rest] = loose.split(" ");
  const title = Object.hasOwn(TITLES, first) ? TITLES[first] : undefined;
  return title === undefined || rest.length === 0
    ? { title: null, name: loose }
    : { title, name: rest.join(" ") };
}

/** Nobody has both titles; someone without a title may have either. */
export const titlesAgree = (one: string | null, other: string | null): boolean =>
  one === null || other === null || one === other;
