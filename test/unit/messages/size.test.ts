import { expect } from "chai";
import fc from "fast-check";
import { cutToFit, fitsInEvent, LARGEST_CONTENT } from "../../../src/messages/size.ts";

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const message = (body: string, more: object = {}) => ({ msgtype: "m.text", body, ...more });

describe("the size of an event", () => {
  it("is counted in bytes of escaped JSON", () => {
    expect(fitsInEvent(message("x".repeat(60_000)))).to.equal(true);
    expect(fitsInEvent(message('"'.repeat(40_000)))).to.equal(false);
    expect(fitsInEvent(message("é".repeat(40_000)))).to.equal(false);
    expect(fitsInEvent(message("\u0001".repeat(12_000)))).to.equal(false);
  });

  it("is left alone if it fits", () => {
    const content = message("x".repeat(30_000), { formatted_body: "y".repeat(30_000) });
    expect(cutToFit(content)).to.equal(content);
  });

  it("loses its HTML before its text", () => {
    const content = message("x".repeat(40_000), { format: "h", formatted_body: "y".repeat(40_000), key: 1 });
    expect(cutToFit(content)).to.deep.equal(message("x".repeat(40_000), { key: 1 }));
  });

  for (const [what, piece] of [
    ["a family", "👩‍👩‍👧‍👦"],
    ["a flag", "🇦🇺"],
    ["an accent that stands by itself", "e\u0301"],
    ["Thai", "กำ"],
    ["a quotation mark", '"'],
  ] as const) {
    it(`is never cut within ${what}`, () => {
      const cut = String(cutToFit(message(piece.repeat(70_000))).body);
      expect(cut.endsWith("…")).to.equal(true);
      const kept = cut.slice(0, -1);
      expect(kept).to.equal(piece.repeat(kept.length / piece.length));
      expect(kept.length * 2).to.be.above(20_000);
    });
  }

  it("of an edit includes both of its texts", () => {
    const long = "x".repeat(50_000);
    const edit = cutToFit(message(`* ${long}`, { "m.new_content": message(long), "m.relates_to": { a: 1 } }));
    expect(bytes(edit)).to.be.at.most(LARGEST_CONTENT);
    expect(edit["m.relates_to"]).to.deep.equal({ a: 1 });
    const shown = edit["m.new_content"] as { body: string };
    expect(shown.body.length).to.be.above(40_000);
  });

  it("can be kept to for any content: it always fits, with some text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.constantFrom('"', "\u0001", `e${"\u0301".repeat(400)}`, "\ud800", "x"),
    );
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 3_000 }),
        text,
        fc.boolean(),
        (body, times, other, edit) => {
          const long = message(body.repeat(times), {
            odd: other.repeat(times),
            formatted_body: body.repeat(times),
          });
          const content = cutToFit(edit ? { ...long, "m.new_content": long } : long, 2_000);
          expect(bytes(content)).to.be.at.most(2_000);
          expect(content.msgtype).to.equal("m.text");
        },
      ),
      { numRuns: 300 },
    );
  });
});
