import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { expect } from "chai";
import type { EntryHead } from "../../../src/record/entry.ts";
import { DoesNotOpen, openBody, rewrap, sealBody } from "../../../src/record/envelope.ts";
import { keyLine, parseKeys, UnusableKeyFile } from "../../../src/record/record-keys.ts";

const SECRETS = [1, 2].map((byte) => Buffer.alloc(32, byte));
const line = (index: number): string => keyLine(`key-${index}`, SECRETS[index - 1] ?? randomBytes(32));
const HEAD: EntryHead = {
  ref: "$event",
  type: "message",
  at: new Date("2026-03-02T09:00:00Z"),
  actor: "@ht_mia:practice.test",
  onBehalfOf: null,
  room: "!room:practice.test",
  about: null,
};
const BODY = { content: { body: "Room 3 is free 🚪" } };

describe("an entry's body", () => {
  const keys = parseKeys(line(1));

  it("opens again, and shows nothing of itself before", () => {
    const sealed = sealBody(keys, HEAD, BODY);
    expect(sealed.body.toString("latin1")).to.not.contain("Room 3");
    expect(openBody(keys, HEAD, sealed)).to.deep.equal(BODY);
  });

  it("is never encrypted twice alike", () => {
    const [one, other] = [sealBody(keys, HEAD, BODY), sealBody(keys, HEAD, BODY)];
    expect(one.body.equals(other.body)).to.equal(false);
    expect(one.wrapped.wrapped.equals(other.wrapped.wrapped)).to.equal(false);
  });

  it("does not open for another entry, changed, cut, or with another key", () => {
    const sealed = sealBody(keys, HEAD, BODY);
    const changed = Buffer.from(sealed.body);
    changed[20] = (changed[20] ?? 0) ^ 1;
    const impostor = parseKeys(keyLine("key-1", randomBytes(32)));
    for (const open of [
      () => openBody(keys, { ...HEAD, actor: "@ht_ben:practice.test" }, sealed),
      () => openBody(keys, { ...HEAD, onBehalfOf: "@ht_ben:practice.test" }, sealed),
      () => openBody(keys, { ...HEAD, ref: "$other" }, sealed),
      () => openBody(keys, HEAD, { ...sealed, body: changed }),
      () => openBody(keys, HEAD, { ...sealed, body: sealed.body.subarray(0, 10) }),
      () => openBody(impostor, HEAD, sealed),
      () => openBody(parseKeys(line(2)), HEAD, sealed),
    ])
      expect(open).to.throw(DoesNotOpen);
  });

  it("uses the newest key, and opens with the older ones", () => {
    const old = sealBody(keys, HEAD, BODY);
    const rotated = parseKeys(line(1) + line(2));
    expect(sealBody(rotated, HEAD, BODY).wrapped.keyId).to.equal("key-2");
    expect(openBody(rotated, HEAD, old)).to.deep.equal(BODY);
  });

  it("can be rewrapped, after which the old key is needed no more", () => {
    const old = sealBody(keys, HEAD, BODY);
    const wrapped = rewrap(parseKeys(line(1) + line(2)), HEAD.ref, old.wrapped);
    expect(openBody(parseKeys(line(2)), HEAD, { body: old.body, wrapped })).to.deep.equal(BODY);
  });
});

describe("the key file", () => {
  it("may have comments, blank lines and line ends of Windows", () => {
    const { newest, byId } = parseKeys(`# keep a copy\n\n${line(1).trim()}\r\n${line(2)}`);
    expect([...byId.keys()]).to.deep.equal(["key-1", "key-2"]);
    expect(newest.id).to.equal("key-2");
  });

  it("is refused with its line, and nothing of what is in it", () => {
    const secret = "ab".repeat(31);
    for (const [text, where] of [
      ["", "no key"],
      ["# nothing\n", "no key"],
      [`key-1 ${secret}`, "line 1"],
      [`${line(1)}oops`, "line 2"],
      [line(1) + line(1), "line 2"],
    ] as const)
      expect(() => parseKeys(text))
        .to.throw(UnusableKeyFile, where)
        .and.satisfy((error: Error) => !error.message.includes(secret) && !error.message.includes("oops"));
  });

  it("never prints its secrets", () => {
    const printed = inspect(parseKeys(line(1)), { depth: 9, showHidden: true });
    const shown = printed + JSON.stringify(parseKeys(line(1)).newest);
    expect(shown).to.contain("key-1");
    expect(shown).to.not.contain("0101010101");
  });
});
