import { expect } from "chai";
import { parseJsonBytes, UnreadableJson } from "../../../../src/directory/input/json-text.ts";

const TEXT = '{"name":"Zoë"}';
const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();

describe("JSON from its bytes", () => {
  it("is UTF-8, with or without a byte order mark", () => {
    expect(parseJsonBytes(Buffer.from(TEXT))).to.deep.equal({ name: "Zoë" });
    expect(parseJsonBytes(Buffer.from(`\ufeff${TEXT}`))).to.deep.equal({ name: "Zoë" });
  });

  const refused: [string, Buffer, RegExp][] = [
    ["UTF-16", Buffer.from(TEXT, "utf16le"), /UTF-16.*as UTF-8/],
    ["UTF-16 with its mark", Buffer.from(`\ufeff${TEXT}`, "utf16le"), /UTF-16.*as UTF-8/],
    ["UTF-16, big end first", bigEndian(TEXT), /UTF-16.*as UTF-8/],
    ["UTF-16, big end first, with its mark", bigEndian(`\ufeff${TEXT}`), /UTF-16.*as UTF-8/],
    ["Latin-1", Buffer.from(TEXT, "latin1"), /Latin-1.*as UTF-8/],
    ["half a file", Buffer.from('{"name":'), /not valid JSON/],
    ["nothing", Buffer.alloc(0), /not valid JSON/],
    ["two marks", Buffer.from(`\ufeff\ufeff${TEXT}`), /not valid JSON/],
  ];
  for (const [title, bytes, message] of refused) {
    it(`refuses ${title}, and says what to do without quoting it`, () => {
      expect(() => parseJsonBytes(bytes))
        .to.throw(UnreadableJson, message)
        .and.not.to.match(/Zo/);
    });
  }
});
