import { expect } from "chai";
import type { z } from "zod";
import { trimmed } from "../../../../src/base/trimmed.ts";
import * as patterns from "../../../../src/directory/input/text-patterns.ts";
import {
  displayNameSchema,
  emailOrBlank,
  filled,
  filledText,
  oneLine,
  visibleName,
} from "../../../../src/directory/input/text-schema.ts";

/** Every character of Unicode's first plane that JSON can hold. NUL is refused in any text (input.ts). */
const CHARACTERS = Array.from({ length: 0xffff }, (_, index) => String.fromCharCode(index + 1)).filter(
  (character) => character.isWellFormed(),
);

describe("the pattern of a text field matches what is accepted", () => {
  const cases: [title: string, pattern: string, schema: z.ZodType, alike?: (character: string) => boolean][] =
    [
      ["of one line", patterns.LINE, oneLine(255)],
      ["of one line that is not blank", patterns.FILLED_LINE, filled(255)],
      ["that is not blank", patterns.FILLED_TEXT, filledText(255)],
      ["that is a name", patterns.VISIBLE_NAME, visibleName(255), (character) => !/\p{M}/u.test(character)],
    ];
  for (const [title, pattern, schema, alike = () => true] of cases) {
    const read = new RegExp(pattern, "u");
    const differing = (text: (character: string) => string) =>
      CHARACTERS.filter(alike)
        .filter((character) => read.test(text(character)) !== schema.safeParse(text(character)).success)
        .map((character) => character.charCodeAt(0).toString(16));

    it(`${title}: each character alone`, () => {
      expect(differing((character) => character)).to.deep.equal([]);
    }).timeout(20_000);

    it(`${title}: each character before, within and after a letter`, () => {
      for (const place of ["?a", "a?b", "a?"])
        expect(
          differing((character) => place.replace("?", () => character)),
          place,
        ).to.deep.equal([]);
    }).timeout(20_000);
  }

  it("counts maxLength in characters: an emoji is one, and so is a rare Chinese character", () => {
    const longest = 255;
    for (const schema of [oneLine, filled, filledText, visibleName, displayNameSchema].map((each) =>
      each(longest),
    )) {
      for (const character of ["a", "😀", "𠮷"]) {
        expect(schema.safeParse(character.repeat(longest))).to.deep.include({
          success: true,
          data: character.repeat(longest),
        });
        expect(schema.safeParse(character.repeat(longest + 1)).success).to.equal(false);
      }
    }
  });

  it("allows an empty text where it should", () => {
    expect(cases.map(([, pattern]) => new RegExp(pattern, "u").test(""))).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
    for (const [, pattern, schema] of cases)
      expect(schema.safeParse("").success).to.equal(new RegExp(pattern, "u").test(""));
  });

  it("allows an address in Latin letters", () => {
    const read = new RegExp(patterns.EMAIL_OR_BLANK, "u");
    const texts = [
      "",
      " ",
      "a@b.au",
      "smith&jones@clinic.com.au",
      "a.b@c-d.e.au",
      "n/a",
      "a@b",
      "a..b@c.au",
      "a@-b.au",
      ".a@b.au",
    ];
    for (const text of texts) expect(read.test(text), text).to.equal(emailOrBlank().safeParse(text).success);
    for (const character of CHARACTERS.filter((each) => each < "\u0080" && trimmed(each) !== ""))
      for (const text of [`a${character}b@c.au`, `a@b${character}c.au`])
        expect(read.test(text), text).to.equal(emailOrBlank().safeParse(text).success);
  });
});
