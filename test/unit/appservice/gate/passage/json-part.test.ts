import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { JsonPart } from "../../../../../src/appservice/gate/passage/json-part.ts";

/** Sends the document through the stream in pieces of `size` bytes. */
async function through(
  json: string,
  size: number,
  replace = (part: string) => part,
  most = 1_000_000,
): Promise<string> {
  const bytes = Buffer.from(json);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  const part = new JsonPart(["rooms", "leave"], async (found) => replace(found), most);
  const out: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    Readable.from(pieces)
      .pipe(part)
      .on("data", (chunk: Buffer) => out.push(chunk))
      .once("end", resolve)
      .once("error", reject);
  });
  return Buffer.concat(out).toString();
}

async function fails(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return String(error);
  }
  throw new Error("it should have failed");
}

describe("gate: one part of a JSON stream", () => {
  const document =
    '{"a":[{"rooms":{"leave":1}}],"rooms":{"join":{"leave":{"x":1}},"leave":{"!r":{"t":["}",",\\""]}},"invite":{}},"leave":2}';

  it("replaces only the part at its path, wherever the chunks are cut", async () => {
    for (let size = 1; size <= document.length; size++) {
      const seen: string[] = [];
      const result = await through(document, size, (part) => {
        seen.push(part);
        return "{}";
      });
      expect(seen).to.deep.equal(['{"!r":{"t":["}",",\\""]}}']);
      expect(result).to.equal(document.replace('{"!r":{"t":["}",",\\""]}}', "{}"));
    }
  });

  it("finds a name that is written with escapes and spaces around it", async () => {
    const escaped = '{ "rooms" : { "l\\u0065ave" :\n [1, 2] , "x": 0 } }';
    expect(await through(escaped, 3, () => "0")).to.equal('{ "rooms" : { "l\\u0065ave" :\n 0, "x": 0 } }');
  });

  it("replaces plain values too", async () => {
    expect(await through('{"rooms":{"leave":"a,}b"}}', 2, () => "null")).to.equal('{"rooms":{"leave":null}}');
    expect(await through('{"rooms":{"leave":12,"x":1}}', 2, () => "null")).to.equal(
      '{"rooms":{"leave":null,"x":1}}',
    );
  });

  it("passes everything else on byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.integer({ min: 1, max: 50 }), async (json, size) => {
        expect(await through(json, size)).to.equal(json);
      }),
    );
  });

  it("always gives the same result as JSON.parse", async () => {
    const names = fc.constantFrom("rooms", "leave", "join", 'a"b', "c\\d", "ü");
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        tie("list"),
        tie("object"),
      ),
      list: fc.array(tie("any"), { maxLength: 3 }),
      object: fc.dictionary(names, tie("any"), { maxKeys: 4 }),
    })).object as fc.Arbitrary<Record<string, unknown>>;
    await fc.assert(
      fc.asyncProperty(value, fc.integer({ min: 1, max: 20 }), async (document, size) => {
        const { rooms } = document;
        const expected =
          typeof rooms === "object" && rooms !== null && !Array.isArray(rooms) && "leave" in rooms
            ? { ...document, rooms: { ...rooms, leave: "gone" } }
            : document;
        expect(JSON.parse(await through(JSON.stringify(document), size, () => '"gone"'))).to.deep.equal(
          expected,
        );
      }),
      { numRuns: 500 },
    );
  });

  it("fails on a truncated document, inside the part and outside", async () => {
    expect(await fails(through('{"rooms":{"leave":{"a":1', 4))).to.contain("broke off");
    expect(await fails(through('{"rooms":{"join":', 4))).to.contain("broke off");
    expect(await fails(through('{"rooms"}}}', 4))).to.contain("well-formed");
  });

  it("holds no more than its limit", async () => {
    const large = `{"rooms":{"leave":"${"x".repeat(2_000)}"}}`;
    expect(await fails(through(large, 64, (part) => part, 1_000))).to.contain("too large");
    const elsewhere = `{"rooms":{"join":"${"x".repeat(20_000)}"}}`;
    expect(await through(elsewhere, 64, (part) => part, 1_000)).to.equal(elsewhere);
  });
});
