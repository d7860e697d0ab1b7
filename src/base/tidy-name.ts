/**
 * Names as people mean them: what a person, a group or a room may be called, whatever was typed or sent. The only place
 * where a name from outside is made fit to show.
 */

import { codePoints } from "./code-points.ts";
import { normalized } from "./normalized.ts";

/** Emoji: invisible characters join them into families and tell them apart from plain symbols. */
const PICTURE = /\p{Extended_Pictographic}/u;
const PICTURE_ENDS = /[\ufe0f\p{Emoji_Modifier}]/u;
const KEYCAP = /[#*0-9]/u;
const LOOK = /[\ufe0e\ufe0f]/u;
const ZERO_WIDTH_JOINER = "\u200d";
/** Scripts in which a (non-)joiner changes how a word is spelt (Unicode Standard Annex 31, section 2.3). */
const JOINED =
  /[\p{Script=Arab}\p{Script=Syrc}\p{Script=Mong}\p{Script=Deva}\p{Script=Beng}\p{Script=Guru}\p{Script=Gujr}\p{Script=Orya}\p{Script=Taml}\p{Script=Telu}\p{Script=Knda}\p{Script=Mlym}\p{Script=Sinh}\p{Script=Khmr}]/u;
const JOINER = /[\u200c\u200d]/u;
/** Variants of one Chinese or Japanese character; some family names are told apart by them alone. */
const HAN_VARIANT = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const HAN = /\p{Script=Han}/u;
/** Invisible, or changes how other characters look: direction marks, joiners, tags, fillers, annotations. */
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\p{Cs}\ufff9-\ufffb]/u;
/** U+2800 counts as Braille, but shows nothing. */
const BLANK = /[\p{Zs}\p{Zl}\p{Zp}\p{Cc}\u2800]+/gu;
/** A joiner with nothing to join. */
const DANGLING = /[\u200c\u200d](?= |$)/gu;
/** Half a surrogate pair. */
const HALF = /\p{Cs}$/u;
const MARK = /\p{M}/u;
/** A character unknown to this Unicode version still shows, as a box if nothing else. */
const VISIBLE =
  /[^\p{M}\p{Z}\p{Cc}\u2800\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\p{Cs}\ufff9-\ufffb]/u;

/** Twice the code units of the longest emoji and syllables; anything beyond that on one letter is not a name. */
const LONGEST_CHARACTER = 32;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * One line of visible text. Control characters and line breaks become a space; direction marks and other invisible
 * characters are removed, except within emoji and where a script needs them; white space becomes one space, with none
 * at the ends. Linear in the length of the text.
 * @param longest in code points, as the limits of the API count; a longer name is cut between two characters as people
 * see them.
 * @returns empty if nothing is visible.
 */
export function tidyName(text: string, longest = 255): string {
  const name = cut(visibleOf(text), longest).replace(DANGLING, "").trimEnd();
  return VISIBLE.test(name) ? name : "";
}

function visibleOf(text: string): string {
  let visible = "";
  let last = " ";
  for (const point of normalized(text, "NFC").replace(BLANK, " ")) {
    // A mark on a blank, and a second blank, show nothing.
    if (last === " " && (point === " " || MARK.test(point))) continue;
    if (INVISIBLE.test(point) && !belongsAfter(last, point)) continue;
    visible += point;
    last = point;
  }
  // Characters that are now adjacent are composed.
  return normalized(visible, "NFC");
}

function cut(text: string, longest: number): string {
  let short = "";
  let length = 0;
  for (const { segment } of graphemes.segment(text)) {
    const shown =
      segment.length <= LONGEST_CHARACTER ? segment : segment.slice(0, LONGEST_CHARACTER).replace(HALF, "");
    length += codePoints(shown);
    if (length > longest) break;
    short += shown;
  }
  return short;
}

/** Does an invisible character change how the one before it is meant to look? */
function belongsAfter(last: string, point: string): boolean {
  if (JOINER.test(point) && JOINED.test(last)) return true;
  if (point === ZERO_WIDTH_JOINER) return PICTURE.test(last) || PICTURE_ENDS.test(last);
  if (LOOK.test(point) && (PICTURE.test(last) || KEYCAP.test(last))) return true;
  return HAN_VARIANT.test(point) && HAN.test(last);
}
