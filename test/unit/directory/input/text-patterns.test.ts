import { expect } from "chai";
import type { z } from "zod";
import { trimmed } from "../../../../src/base/trimmed.ts";
import * as patterns from "../../../../src/directory/input/text-patterns.ts";
import {
  emailOrBlank,
  filled,
  filledText,
  oneLine,
  visibleName,
} from "../../../../src/directory/input/text-schema.ts";

/** Every character of the first plane that JSON can hold. NUL is refused in any text (input.ts). */
const CHARACTERS = Array.from({ length: 0xffff }, (_, index) => String.fromCharCode(index + 1)).filter(
  (character) => character.isWellFormed(),
);

describe("the pattern of a text says what is taken", () => {
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

    it(`${title}: each character in front of, within and behind a letter`, () => {
      for (const place of ["?a", "a?b", "a?"])
        expect(
          differing((character) => place.replace("?", () => character)),
          place,
        ).to.deep.equal([]);
    }).timeout(20_000);
  }

  it("of nothing at all", () => {
    expect(cases.map(([, pattern]) => new RegExp(pattern, "u").test(""))).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
    for (const [, pattern, schema] of cases)
      expect(schema.safeParse("").success).to.equal(new RegExp(pattern, "u").test(""));
  });

  it("that is an address, in Latin letters", () => {
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
