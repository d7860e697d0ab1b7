import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import type { RoomId, UserId } from "../../../src/policy/model.ts";
import { anchorFile } from "../../../src/record/anchor.ts";
import { checkpointLine, signCheckpoint } from "../../../src/record/checkpoint.ts";
import { keyLine, parseKeys } from "../../../src/record/record-keys.ts";
import { recorder } from "../../../src/record/recorder.ts";
import { sealWaiting } from "../../../src/record/seal.ts";
import type { Verdict } from "../../../src/record/verdict.ts";
import { verifyRecord } from "../../../src/record/verify.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../../support/database/postgres.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";

const TABLES = ["record_entries", "record_chain", "record_checkpoints"];
const withoutTrigger = (table: string): string => `ALTER TABLE ${table} DISABLE TRIGGER append_only`;
const FOREIGN_KEYS = [
  "record_chain.entry_id",
  "record_keys.entry_id",
  "record_unsealed.entry_id",
  "record_checkpoints.seq",
].map((key) => key.split("."));
const dropped = ([table, column]: readonly string[]): string =>
  `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${table}_${column}_fkey`;

describe("verifying the record", () => {
  let database: Database;
  let folder: string;
  const anchorPath = () => join(folder, "anchor");
  beforeEach(async () => {
    database = await testDatabase();
    folder = mkdtempSync(join(tmpdir(), "whisper-anchor-"));
  });
  afterEach(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  const write = (...refs: string[]) =>
    database.transaction((tx) =>
      recorder(RECORD_KEYS).write(
        tx,
        refs.map((ref) => ({
          ref,
          type: "message" as const,
          at: new Date(),
          actor: { is: "account" as const, user: "@ht_mia:practice.test" as UserId },
          onBehalfOf: null,
          room: "!room:practice.test" as RoomId,
          about: null,
          body: { content: { body: `text of ${ref}` } },
        })),
      ),
    );
  /** Entries of some minutes, sealed one by one: time goes by so that every one has its checkpoint. */
  async function record(...refs: string[]): Promise<void> {
    for (const ref of refs) {
      await write(ref);
      await seal();
      await tamper("UPDATE record_checkpoints SET at = at - interval '90 seconds'");
      await signAgain();
    }
  }
  async function seal(): Promise<void> {
    const { checkpoint } = await sealWaiting(database, RECORD_KEYS.newest);
    if (checkpoint !== null) await anchorFile(anchorPath(), pino({ level: "silent" }))(checkpoint);
  }
  /** What the practice's own Whisper would have signed at those times. */
  async function signAgain(): Promise<void> {
    const { rows } = await database.query<{ seq: string; hash: string; at: Date }>(
      "SELECT seq, hash, at FROM record_checkpoints",
    );
    for (const { seq, hash, at } of rows) {
      const { signature } = signCheckpoint(RECORD_KEYS.newest, { seq: Number(seq), hash }, at);
      await tamper(`UPDATE record_checkpoints SET signature = '${signature}' WHERE seq = ${seq}`);
    }
  }
  /** Whoever owns the database does this: nothing in it stops them. */
  const tamper = (...statements: string[]) =>
    database.query(
      ["BEGIN", ...TABLES.map(withoutTrigger), ...FOREIGN_KEYS.map(dropped), ...statements]
        .concat(
          TABLES.map((table) => withoutTrigger(table).replace("DISABLE", "ENABLE")),
          "COMMIT",
        )
        .join(";"),
    );
  const verify = () => verifyRecord(database, RECORD_KEYS);
  const verifyWithAnchor = () => verifyRecord(database, RECORD_KEYS, anchorPath());
  const broken = ({ firstBroken }: Verdict) =>
    firstBroken && [firstBroken.problem, firstBroken.seq, firstBroken.ref];

  it("finds nothing in a record that nobody touched, empty or not, while entries wait", async () => {
    expect(await verify()).to.deep.equal({ entries: 0, firstBroken: null });
    await record("$a", "$b", "$c");
    await write("$d");
    expect(await verify()).to.deep.equal({ entries: 3, firstBroken: null });
    expect(await verifyWithAnchor()).to.deep.equal({ entries: 3, firstBroken: null });
  });

  it("lets nobody change or delete anything by an ordinary statement", async () => {
    await record("$a");
    for (const statement of [
      "UPDATE record_entries SET actor = '@ht_ben:practice.test'",
      "DELETE FROM record_entries",
      "UPDATE record_chain SET hash = ''",
      "DELETE FROM record_checkpoints",
      "TRUNCATE record_chain CASCADE",
    ])
      expect(await database.query(statement).catch((error: Error) => error.message)).to.equal(
        "the record is append-only",
      );
  });

  for (const [what, statement] of [
    ["body", "body = body || '\\x00'"],
    ["actor", "actor = '@ht_ben:practice.test'"],
    ["person it was for", "on_behalf_of = '@ht_ben:practice.test'"],
    ["time", "at = at - interval '1 hour'"],
    ["time of recording", "recorded_at = recorded_at + interval '1 ms'"],
    ["type", "type = 'notice'"],
    ["room", "room_id = '!other:practice.test'"],
    ["ref", "ref = '$x'"],
  ] as const)
    it(`finds an entry whose ${what} was changed`, async () => {
      await record("$a", "$b", "$c");
      await tamper(`UPDATE record_entries SET ${statement} WHERE ref = '$b'`);
      const [problem, seq] = broken(await verify()) ?? [];
      expect([problem, seq]).to.deep.equal(["changed", 2]);
    });

  it("finds an entry that was deleted, with its place or without", async () => {
    await record("$a", "$b", "$c");
    await tamper("DELETE FROM record_entries WHERE ref = '$b'");
    expect(broken(await verify())).to.deep.equal(["deleted", 2, null]);
    await tamper("DELETE FROM record_chain WHERE seq = 2", "DELETE FROM record_checkpoints WHERE seq = 2");
    expect(broken(await verify())).to.deep.include.members(["deleted", 2]);
  });

  it("finds an entry that was put in, with a place of its own or without", async () => {
    await record("$a", "$b");
    await tamper(
      `INSERT INTO record_entries (ref, type, at, actor, body) VALUES ('$false', 'message', now(), '@ht_ben:practice.test', '\\x00')`,
    );
    expect(broken(await verify())).to.deep.equal(["inserted", null, "$false"]);
    await tamper(
      "UPDATE record_chain SET seq = 3 WHERE seq = 2",
      "UPDATE record_checkpoints SET seq = 3 WHERE seq = 2",
      `INSERT INTO record_chain SELECT 2, id, (SELECT hash FROM record_chain WHERE seq = 1), '00' FROM record_entries WHERE ref = '$false'`,
    );
    expect(broken(await verify())).to.deep.equal(["changed", 2, "$false"]);
  });

  it("finds two entries that were swapped", async () => {
    await record("$a", "$b", "$c");
    await tamper(
      "UPDATE record_chain SET entry_id = -entry_id WHERE seq IN (2, 3)",
      `UPDATE record_chain SET entry_id = (SELECT id FROM record_entries WHERE ref = CASE seq WHEN 2 THEN '$c' ELSE '$b' END)
       WHERE seq IN (2, 3)`,
    );
    expect(broken(await verify())).to.deep.equal(["changed", 2, "$c"]);
  });

  it("finds two places that were swapped", async () => {
    await record("$a", "$b", "$c");
    await tamper(
      "UPDATE record_chain SET seq = -seq WHERE seq IN (2, 3)",
      "UPDATE record_chain SET seq = 5 + seq WHERE seq IN (-2, -3)",
    );
    expect(broken(await verify())).to.deep.include.members(["changed", 2]);
  });

  it("finds that the tail was cut off", async () => {
    await record("$a", "$b", "$c");
    const cut = ["DELETE FROM record_chain WHERE seq > 1", "DELETE FROM record_entries WHERE ref > '$a'"];
    await tamper(...cut);
    expect(broken(await verify())).to.deep.equal(["cut", 2, null]);
    // With the checkpoints gone too, only those outside the database know.
    await tamper("DELETE FROM record_checkpoints WHERE seq > 1");
    expect(broken(await verify())).to.equal(null);
    expect(broken(await verifyWithAnchor())).to.deep.equal(["cut", 2, null]);
  });

  it("finds an older backup in the record's place, by the anchor, also once it has gone on", async () => {
    await record("$a", "$b", "$c");
    await tamper(
      "DELETE FROM record_checkpoints WHERE seq > 1",
      "DELETE FROM record_chain WHERE seq > 1",
      "DELETE FROM record_keys k USING record_entries e WHERE e.id = k.entry_id AND ref > '$a'",
      "DELETE FROM record_entries WHERE ref > '$a'",
    );
    await record("$later", "$still later");
    expect(broken(await verify())).to.equal(null);
    expect(broken(await verifyWithAnchor())).to.deep.equal(["replaced", 2, "$later"]);
  });

  it("finds a chain that was computed anew after a change, by what was signed", async () => {
    await record("$a", "$b");
    await tamper("UPDATE record_entries SET actor = '@ht_ben:practice.test' WHERE ref = '$a'");
    // As the forger would: all links anew, which needs no key.
    await tamper(
      "INSERT INTO record_unsealed SELECT entry_id FROM record_chain",
      "DELETE FROM record_chain",
      "DELETE FROM record_checkpoints",
    );
    const forger = parseKeys(keyLine("first", Buffer.alloc(32, 9)));
    await sealWaiting(database, forger.newest);
    expect(broken(await verify())).to.deep.equal(["forged", 2, "$b"]);
    expect(broken(await verifyWithAnchor())?.[0]).to.equal("forged");
  });

  it("finds that checkpoints are missing", async () => {
    await record("$a", "$b", "$c");
    await tamper("DELETE FROM record_checkpoints");
    expect(broken(await verify())).to.deep.equal(["unsigned", 1, "$a"]);
  });

  it("takes no checkpoint of the anchor that the practice's key did not sign", async () => {
    await record("$a");
    const forger = parseKeys(keyLine("first", Buffer.alloc(32, 9)));
    const forged = signCheckpoint(forger.newest, { seq: 7, hash: "0".repeat(64) }, new Date());
    writeFileSync(anchorPath(), `${checkpointLine(forged)}half a li`, { flag: "a" });
    expect(broken(await verifyWithAnchor())).to.equal(null);
  });

  it("still verifies when an entry's key is destroyed", async () => {
    await record("$a", "$b");
    await database.query(
      "DELETE FROM record_keys k USING record_entries e WHERE e.id = k.entry_id AND e.ref = '$a'",
    );
    expect(await verifyWithAnchor()).to.deep.equal({ entries: 2, firstBroken: null });
  });
});
