/**
 * A patient's initials, from a name as reception writes it. Practices put remarks into names (`Alice JONES (DO NOT
 * LEAVE ALONE)`), and none may become visible, not even its first letter. Anything that is not certainly a name is left
 * out: better too few letters than one too many.
 */

import { isLonger } from "../../base/code-points.ts";

const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** These come before or after a name and never give a letter. */
const TITLES = set(
  `mr mrs ms miss mx mstr master dr doctor prof professor assoc associate adj sir dame lady lord rev reverend fr father
   sister brother hon mdm madam mme mlle herr frau señor señora sr sra capt captain major col sgt cpl pte lt
   baby bub infant twin child of the
   jr jnr junior snr senior i ii iii iv v vi esq md phd oam am ao ac qc kc mp jp rn`,
);

/** These are inside surnames: `van der Berg` is one B. */
const PARTICLES = set(
  "van von der den de da das do dos du del della di la le las los el al ul bin binti ibn bint abu ap ab af av zu zum zur ter ten te y e st",
);

/** A remark begins at one of these. */
const REMARKS = set(
  `aka alias nee née formerly previously prev known called preferred prefers prefer pref born dob nickname
   deceased dec died dead rip inactive archived duplicate merged merge test old new moved left transferred
   alert warning caution danger note nb attention attn important urgent vip confidential private restricted
   not never no dont don't please pls see ask call ring phone contact check do
   allergy allergic allergies anaphylaxis latex hiv aids hep hepb hepc hepatitis tb mrsa vre covid covid19 std sti
   dnr nfr dnar palliative cancer dementia diabetic diabetes epileptic epilepsy pregnant ivf asd adhd ptsd autism autistic
   suicidal suicide overdose violent aggressive abusive angry drug addict alcoholic methadone psych mental anxious
   bipolar schizophrenia disabled disability wheelchair deaf blind mute interpreter carer guardian nok gp
   clinic patient pt dva ndis tac workcover medicare private pensioner bad owes debt unpaid dna fta
   banned police prisoner custody court avo dv positive negative positiv infectious isolation`,
);

const OPENING = "([{<（［｛【「『〈《〔“„«‹‘";
const CLOSING: Readonly<Record<string, string>> = {
  "(": ")",
  "[": "]",
  "{": "}",
  "<": ">",
  "（": "）",
  "［": "］",
  "｛": "｝",
  "【": "】",
  "「": "」",
  "『": "』",
  "〈": "〉",
  "《": "》",
  "〔": "〕",
  "“": "”",
  "„": "“”",
  "«": "»",
  "‹": "›",
  "‘": "’",
  '"': '"',
  "'": "'",
  "*": "*",
};

/**
 * No name is longer, and HealthTrack may send none that is (api/routes/bookings.ts): unclosed brackets cost the square
 * of the length.
 */
const LONGEST = 255;

/**
 * `Mr John Smith`, `SMITH, Jane (Janey), Mrs` and `Alice JONES - HIV clinic` give `J.S.`, `J.S.` and `A.J.`; empty:
 * nothing is certain.
 */
export function initialsOf(name: string): string {
  if (isLonger(name, LONGEST)) return "";
  const plain = withoutBrackets(
    name
      .normalize("NFC")
      // Also the fillers that count as letters and show nothing (U+3164).
      .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
      .replace(/^\s*(?:a\/prof\.?|b\/o)\s/iu, ""),
  );
  const cut = plain.search(REMARK_BEGINS);
  const sure = cut === -1 ? plain : plain.slice(0, cut);
  // A label, or a remark in capitals before what may be the name itself.
  if (cut !== -1 && (plain[cut] === ":" || (isCapitals(sure) && !isCapitals(plain.slice(cut))))) return "";
  return splitNames(sure)
    .map((word) => `${firstLetter(word)}.`)
    .join("");
}

/**
 * What cannot be in a name: digits, marks other than `'`, `.`, `,` and a hyphen between letters, line breaks, and a
 * full stop that ends a sentence.
 */
const REMARK_BEGINS =
  /[^\p{L}\p{M}\s.,'’ʼ\-‐‑]|[\r\n\t\v\f]|(?<![\p{L}\p{M}])[-‐‑]|[-‐‑](?![\p{L}\p{M}])|(?<=\p{L}{5})\.(?=\s)/u;

/**
 * Removes everything in brackets or quotation marks of any kind. An unclosed one goes to the end of the text, and so
 * does everything after a closed one if a whole name comes before it.
 */
function withoutBrackets(text: string): string {
  let kept = "";
  let closing: string[] = [];
  let before = " ";
  for (const character of text) {
    const [inner] = closing;
    if (inner?.includes(character)) {
      closing = closing.slice(1);
      if (wordsOf(kept.replaceAll(",", " ")).filter((word) => !TITLES.has(folded(word))).length >= 2) break;
    } else if (OPENING.includes(character) || (`"*`.includes(character) && inner === undefined))
      closing = [CLOSING[character] ?? "", ...closing];
    // An apostrophe is inside a word; one that begins a word opens a nickname.
    else if (character === "'" && /\s/u.test(before) && inner === undefined) closing = ["'"];
    else if (inner === undefined) kept += character;
    before = character;
  }
  return kept;
}

/**
 * The words that are names, given names first. At most three; two if there are more, since the rest may be a remark.
 */
function splitNames(text: string): string[] {
  const [first = [], second = []] = text
    .split(",")
    .map((part) => withoutParticles(wordsOf(part).filter((word) => !TITLES.has(folded(word)))))
    .filter((part) => part.length > 0);
  const capitals = isCapitals(text);
  const surname = upToRemark(first, capitals);
  if (surname.length === 0) return [];
  // `SMITH, John` and `SMITH JONES, Anna`; but `Alice Jones, wheelchair`.
  const surnameFirst =
    surname.length === first.length && (surname.length === 1 || isCapitals(first.join("")));
  if (second.length === 0 || !surnameFirst) return surname.slice(0, surname.length > 3 ? 2 : 3);
  const given = upToRemark(second, capitals);
  // `Smith, DECEASED`
  if (!capitals && isCapitals(given.join(""))) return surname.slice(0, 1);
  return [...(given.length > 2 ? given.slice(0, 1) : given), ...surname.slice(0, 1)];
}

const withoutParticles = (words: readonly string[]): string[] =>
  words.filter((word, index) => index === words.length - 1 || !PARTICLES.has(folded(word)));

/** The names at the beginning. */
function upToRemark(all: readonly string[], capitals: boolean): string[] {
  const names: string[] = [];
  const small = startsSmall(all[0] ?? "");
  for (const word of all) {
    if (isRemark(word) || (names.length > 0 && startsSmall(word) && !small)) break;
    // `Alice JONES`, but `Alice Jones SUICIDAL`; and `alice jones wheelchair`.
    if (names.length >= 2 && !capitals && (isCapitals(word) || small)) break;
    names.push(word);
    // Names written without a space between them: the family name's first letter and nothing else.
    if (/\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}/u.test(word)) break;
  }
  return names;
}

const wordsOf = (text: string): string[] => text.split(/\s+/u).filter((word) => INITIAL.test(word));
const folded = (word: string): string => word.toLowerCase().replace(/[.’']/gu, "");
/** Capitals without a vowel abbreviate something, except `NG` and abbreviated names. */
const isRemark = (word: string): boolean =>
  REMARKS.has(folded(word)) || /^[B-DF-HJ-NP-TV-XZ]{3,}$/.test(word);
const startsSmall = (word: string): boolean => /^[^\p{L}]*\p{Ll}/u.test(word);
const isCapitals = (text: string): boolean =>
  /\p{Lu}{2}/u.test(text.replace(/[^\p{L}]/gu, "")) && !/\p{Ll}/u.test(text);

/** Thai and Lao write some vowels before the consonant that they follow. */
const INITIAL = /(?![เแโใไເແໂໃໄ])\p{L}\p{M}*/u;
const firstLetter = (word: string): string => {
  const letter = INITIAL.exec(word)?.[0] ?? "";
  return [...letter.toUpperCase().normalize("NFC")][0] ?? "";
};
