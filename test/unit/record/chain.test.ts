import { expect } from "chai";
import { BEGINNING, nextLink, type StoredEntry } from "../../../src/record/canonical.ts";
import {
  checkpointLine,
  isCheckpointDue,
  isSignedBy,
  parseCheckpoint,
  signCheckpoint,
} from "../../../src/record/checkpoint.ts";
import { keyLine, parseKeys } from "../../../src/record/record-keys.ts";

const ENTRY: StoredEntry = {
  id: "7",
  ref: "$event",
  type: "message",
  at: new Date("2026-03-02T09:00:00Z"),
  recordedAt: new Date("2026-03-02T09:00:01Z"),
  actor: "@ht_mia:practice.test",
  onBehalfOf: null,
  room: "!room:practice.test",
  about: null,
  bodyDigest: "d".repeat(64),
};

describe("the chain", () => {
  it("is as it was when the first practice began: a change here would break every record", () => {
    expect(nextLink(BEGINNING, ENTRY)).to.deep.equal({
      seq: 1,
      previous: "0".repeat(64),
      hash: "c9de2e4704e56a5dd165648f6547cc4fe4a3334b2dbf36bb49059aa8fee0cc3c",
    });
  });

  it("covers every field, the place and all that came before", () => {
    const changes: Partial<StoredEntry>[] = [
      { id: "8" },
      { ref: "$other" },
      { type: "edit" },
      { at: new Date("2026-03-02T09:00:00.001Z") },
      { recordedAt: new Date("2026-03-02T09:00:02Z") },
      { actor: "@ht_ben:practice.test" },
      { onBehalfOf: "@ht_ben:practice.test" },
      { room: null },
      { about: "$original" },
      { bodyDigest: "e".repeat(64) },
    ];
    const hashes = changes.map((change) => nextLink(BEGINNING, { ...ENTRY, ...change }).hash);
    hashes.push(
      nextLink(BEGINNING, ENTRY).hash,
      nextLink({ ...BEGINNING, seq: 1 }, ENTRY).hash,
      nextLink({ ...BEGINNING, hash: "1".repeat(64) }, ENTRY).hash,
    );
    expect(new Set(hashes).size).to.equal(changes.length + 3);
    expect(Object.keys(ENTRY).sort()).to.deep.equal(changes.flatMap((change) => Object.keys(change)).sort());
  });

  it("tells fields apart whose texts run together", () => {
    const one = nextLink(BEGINNING, { ...ENTRY, actor: "a", onBehalfOf: "bc" });
    const other = nextLink(BEGINNING, { ...ENTRY, actor: "ab", onBehalfOf: "c" });
    const none = nextLink(BEGINNING, { ...ENTRY, about: "null" });
    expect(new Set([one.hash, other.hash, none.hash, nextLink(BEGINNING, ENTRY).hash]).size).to.equal(4);
  });
});

describe("a checkpoint", () => {
  const { newest } = parseKeys(keyLine("key-1", Buffer.alloc(32, 1)));
  const at = new Date("2026-03-02T10:00:00Z");
  const checkpoint = signCheckpoint(newest, { seq: 3, hash: "a".repeat(64) }, at);

  it("is signed by the key, as a whole", () => {
    const other = parseKeys(keyLine("key-1", Buffer.alloc(32, 2))).newest;
    expect(isSignedBy(newest.publicKey, checkpoint)).to.equal(true);
    expect(isSignedBy(other.publicKey, checkpoint)).to.equal(false);
    for (const change of [
      { seq: 2 },
      { hash: "b".repeat(64) },
      { at: new Date(0) },
      { keyId: "key-2" },
      { signature: "" },
    ])
      expect(isSignedBy(newest.publicKey, { ...checkpoint, ...change })).to.equal(false);
  });

  it("is a line of JSON in the anchor", () => {
    expect(parseCheckpoint(checkpointLine(checkpoint))).to.deep.equal(checkpoint);
    for (const line of ["", "{}", "null", '{"seq":1}', checkpointLine(checkpoint).slice(0, 40)])
      expect(parseCheckpoint(line)).to.equal(null);
  });

  it("is due for a first entry, for a thousand, and after a minute", () => {
    const later = (ms: number) => new Date(at.getTime() + ms);
    expect(isCheckpointDue({ seq: 0 }, null, at)).to.equal(false);
    expect(isCheckpointDue({ seq: 1 }, null, at)).to.equal(true);
    expect(isCheckpointDue({ seq: 3 }, checkpoint, later(90_000))).to.equal(false);
    expect(isCheckpointDue({ seq: 4 }, checkpoint, later(59_000))).to.equal(false);
    expect(isCheckpointDue({ seq: 4 }, checkpoint, later(60_000))).to.equal(true);
    expect(isCheckpointDue({ seq: 1_003 }, checkpoint, later(0))).to.equal(true);
  });
});
