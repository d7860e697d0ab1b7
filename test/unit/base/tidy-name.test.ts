import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { codePoints } from "../../../src/base/code-points.ts";
import { tidyName } from "../../../src/base/tidy-name.ts";

describe("a name made fit to be shown", () => {
  const cases: Array<readonly [string, string, string]> = [
    ["blanks around and within", "  Night \t shift\u00a0 ", "Night shift"],
    ["line breaks of all kinds", "Night\r\nshift\u2028late\u2029team\u0085x", "Night shift late team x"],
    ["an escape sequence of a terminal", "\u001b[31mRed", "[31mRed"],
    ["NUL and other controls", "\u0001mxc://localhost/abc\u0000", "mxc://localhost/abc"],
    ["direction overrides and isolates", "\u202eAl\u2066er\u2069ts\u202c", "Alerts"],
    ["direction marks", "\u200eNight\u200f shift\u061c", "Night shift"],
    ["zero-width characters", "Al\u200ber\u200cts\u200d\u2060\ufeff", "Alerts"],
    ["tag characters", "Alerts\u{e0041}\u{e0042}", "Alerts"],
    ["a soft hyphen and fillers", "Al\u00aderts\u3164\u115f\uffa0", "Alerts"],
    ["variation selectors after a letter", "A\ufe0flerts\ufe01\u{e0100}", "Alerts"],
    ["Braille that shows nothing", "\u2800Night\u2800shift\u2800", "Night shift"],
    ["half a surrogate pair", "Night\ud800 shift\udc00", "Night shift"],
    ["letters that are put together", "Zoe\u0301", "Zo\u00e9"],
    ["a mark whose letter is behind something unseen", "Zoe\u200b\u0301", "Zo\u00e9"],
    ["a family", "👩‍👩‍👧 carers", "👩‍👩‍👧 carers"],
    ["a heart in colour and a keycap", "❤️ ward 1️⃣", "❤️ ward 1️⃣"],
    ["skin tones", "👩🏽‍⚕️ on call", "👩🏽‍⚕️ on call"],
    ["Persian, which is spelt with non-joiners", "می\u200cخواهم", "می\u200cخواهم"],
    ["Sinhala, which is spelt with joiners", "ක්\u200dරි", "ක්\u200dරි"],
    ["a joiner with nothing to join", "می\u200c", "می"],
    ["a Japanese family name's own variant", "葛\u{e0100}城", "葛\u{e0100}城"],
    ["nothing to see", "\u200b\u3164 \u0301", ""],
    ["nothing", "", ""],
  ];
  for (const [what, given, expected] of cases) it(what, () => expect(tidyName(given)).to.equal(expected));

  it("is cut between visible characters", () => {
    expect(tidyName("Ward 👩‍👩‍👧", 8)).to.equal("Ward");
    expect(tidyName("Zoë x", 3)).to.equal("Zoë");
    expect(tidyName("👍🏽👍🏽", 3)).to.equal("👍🏽");
    expect(tidyName("👩‍👩‍👧👩‍👩‍👧", 9)).to.equal("👩‍👩‍👧");
    expect(tidyName("abc def", 4)).to.equal("abc");
  });

  it("may have as many characters as the API says, however many code units those are", () => {
    for (const letter of ["n", "😀", "𠮷", "🏥"]) {
      expect(tidyName(letter.repeat(255))).to.equal(letter.repeat(255));
      expect(tidyName(letter.repeat(256))).to.equal(letter.repeat(255));
    }
  });

  it("loses excess marks on one letter", () => {
    expect(tidyName(`Z${"\u0335".repeat(500)}oe`).length).to.be.below(40);
  });

  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          "A",
          " ",
          "\u200d",
          "\u200c",
          "\ufe0f",
          "\u202e",
          "👩",
          "🏽",
          "می",
          "ක්",
          "\u0301",
          "\ud83d",
          "葛",
        ),
      )
      .map((pieces) => pieces.join("")),
  );
  it("is clean and bounded, and tidying it again changes nothing", () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 40 }), (text, longest) => {
        const name = tidyName(text, longest);
        expect(codePoints(name)).to.be.at.most(longest);
        expect(name.isWellFormed()).to.equal(true);
        expect(name).to.not.match(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|^\s|\s$|\s\s/u);
        expect(tidyName(name, longest)).to.equal(name);
      }),
      { numRuns: 500 },
    );
  });
});
