import { expect } from "chai";
import { sameReaction } from "../../../src/base/reaction-key.ts";

describe("the keys of reactions", () => {
  for (const [one, other, what] of [
    ["↩️", "↩", "with and without the variation selector"],
    ["5️⃣", "5⃣", "with and without the variation selector inside"],
    ["⏳", "⏳\ufe0f", "with a selector that one client adds"],
    ["⏳", "⏳\ufe0e", "with the selector for text"],
    ["👍", "👍🏽", "in another skin tone"],
    ["👍🏻", "👍🏿", "in two skin tones"],
    ["✌️", "✌🏽", "in a skin tone that stands in place of the selector"],
    ["☝️", "☝\ufe0f🏿", "in a skin tone beside the selector"],
    ["🙋‍♀️", "🙋🏾‍♀", "in a skin tone within a sequence"],
  ] as const) {
    it(`are equal ${what}: ${one} ${other}`, () => {
      expect(sameReaction(one, other)).to.equal(true);
      expect(sameReaction(other, one)).to.equal(true);
    });
  }

  it("are not equal if they mean two things", () => {
    expect(sameReaction("✅", "❌")).to.equal(false);
    expect(sameReaction("🙋‍♀️", "🙋‍♂️")).to.equal(false);
  });
});
