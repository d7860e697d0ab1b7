import { expect } from "chai";
import fc from "fast-check";
import { storableJson } from "../../../src/base/storable.ts";

describe("JSON that PostgreSQL can store", () => {
  const stored = (value: unknown): unknown => JSON.parse(storableJson(value));

  it("has U+FFFD in place of NUL and half surrogate pairs, in values and keys", () => {
    expect(stored({ "a\0": ["\0b", { c: "\ud800" }], d: "\udc00x" })).to.deep.equal({
      "a\ufffd": ["\ufffdb", { c: "\ufffd" }],
      d: "\ufffdx",
    });
  });

  it("leaves everything else as it was, including backslashes and text that looks like an escape", () => {
    const value = { body: "\\u0000 \\ud800", emoji: "👩‍⚕️", nested: [1, null, true, { a: "é" }] };
    expect(stored(value)).to.deep.equal(value);
  });

  it("never contains what jsonb refuses, whatever a client sends", () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    });
    const anything = fc.letrec((tie) => ({
      value: fc.oneof(
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value")),
        tie("object"),
      ),
      object: fc.dictionary(text, tie("value")),
    })).object;
    fc.assert(
      fc.property(anything, (value) => {
        const strings: string[] = [];
        JSON.parse(storableJson(value), (key, inner) => {
          strings.push(key, typeof inner === "string" ? inner : "");
          return inner;
        });
        for (const each of strings) {
          expect(each.isWellFormed()).to.equal(true);
          expect(each).not.to.include("\0");
        }
      }),
    );
  });
});
