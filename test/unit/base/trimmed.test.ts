import { expect } from "chai";
import { trimmed } from "../../../src/base/trimmed.ts";

describe("trimmed text", () => {
  for (const around of [
    " ",
    "\t",
    "\r\n",
    "\u00a0",
    "\ufeff",
    "\u200b",
    "\u2060",
    "\u3000",
    "\u200e",
    "\u2028",
  ]) {
    it(`loses ${JSON.stringify(around)} at both ends, and keeps it inside`, () => {
      expect(trimmed(`${around}a${around}b${around}${around}`)).to.equal(`a${around}b`);
      expect(trimmed(around.repeat(3))).to.equal("");
    });
  }

  it("takes linear time for any text", () => {
    const text = `a${" ".repeat(1_000_000)}b`;
    expect(trimmed(text)).to.equal(text);
  });
});
