/**
 * Names as people mean them: what a person, a group or a room may be called, whatever was typed or sent. The one place
 * where a name from outside is made fit to be shown.
 */

import { normalized } from "./normalized.ts";

/** Emoji: joined into families, and told apart from plain signs, by characters that nobody sees. */
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
/** Nothing to see, or it changes how others are seen: direction marks, joiners, tags, fillers, annotations. */
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\p{Cs}\ufff9-\ufffb]/u;
/** U+2800 is a letter of Braille that shows nothing. */
const BLANK = /[\p{Zs}\p{Zl}\p{Zp}\p{Cc}\u2800]+/gu;
/** A joiner with nothing to join. */
const DANGLING = /[\u200c\u200d](?= |$)/gu;
/** Half a surrogate pair. */
const HALF = /\p{Cs}$/u;
const MARK = /\p{M}/u;
/** What no version of Unicode known here has a letter for is seen all the same, as a box if nothing else. */
const VISIBLE =
  /[^\p{M}\p{Z}\p{Cc}\u2800\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\p{Cs}\ufff9-\ufffb]/u;

/** Code units of the longest emoji and syllables, twice over; what is heaped on one letter beyond that is no name. */
const LONGEST_CHARACTER = 32;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * One line of visible text: control characters and line breaks become a space, direction marks and other characters
 * that nobody sees go (they stay within emoji and where a script is spelt with them), white space is one space, none
 * around it. Takes time in proportion to the text.
 * @param longest in UTF-16 code units, as `length` counts; what is longer is cut between two characters as people see them.
 * @returns empty when there is nothing to see.
 */
export function tidyName(text: string, longest = 255): string {
  const name = cut(visibleOf(text), longest).replace(DANGLING, "").trimEnd();
  return VISIBLE.test(name) ? name : "";
}

function visibleOf(text: string): string {
  let visible = "";
  let last = " ";
  for (const point of normalized(text, "NFC").replace(BLANK, " ")) {
    // A mark on a blank, and a second blank, are nothing.
    if (last === " " && (point === " " || MARK.test(point))) continue;
    if (INVISIBLE.test(point) && !belongsAfter(last, point)) continue;
    visible += point;
    last = point;
  }
  // What is no longer held apart is put together.
  return normalized(visible, "NFC");
}

function cut(text: string, longest: number): string {
  let short = "";
  for (const { segment } of graphemes.segment(text)) {
    const shown =
      segment.length <= LONGEST_CHARACTER ? segment : segment.slice(0, LONGEST_CHARACTER).replace(HALF, "");
    if (short.length + shown.length > longest) break;
    short += shown;
  }
  return short;
}

/** Does something that nobody sees change how the character in front of it is meant to look? */
function belongsAfter(last: string, point: string): boolean {
  if (JOINER.test(point) && JOINED.test(last)) return true;
  if (point === ZERO_WIDTH_JOINER) return PICTURE.test(last) || PICTURE_ENDS.test(last);
  if (LOOK.test(point) && (PICTURE.test(last) || KEYCAP.test(last))) return true;
  return HAN_VARIANT.test(point) && HAN.test(last);
}
