import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import type { RoomId, UserId } from "../../../src/policy/model.ts";
import { acceptKeys, addKey, createKeyFile, readKeyFile } from "../../../src/record/key-file.ts";
import { keyLine, UnusableKeyFile } from "../../../src/record/record-keys.ts";
import { recorder } from "../../../src/record/recorder.ts";
import { rewrapKeys } from "../../../src/record/rewrap.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { SMALLEST_CONFIG } from "../../support/config.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { recordedEntries } from "../../support/practice/recorded.ts";
import { run } from "../../support/run/programs.ts";

const CLI = join(import.meta.dirname, "../../../src/cli.ts");
const NOW = new Date("2026-03-02T09:00:00Z");
const LATER = new Date("2026-03-02T09:00:01Z");

describe("the record's key file", () => {
  let folder: string;
  let url: string;
  let database: ReturnType<typeof openDatabase>;
  const file = () => join(folder, "audit-keys");
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "whisper-keys-"));
    url = await emptyDatabaseUrl();
    database = openDatabase({ url });
    await migrate(database);
    writeFileSync(
      join(folder, "whisper.yaml"),
      stringify({ ...SMALLEST_CONFIG, database: { url }, listen: { port: 0 } }),
    );
  });
  afterEach(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  const whisper = (...args: string[]) =>
    run(process.execPath, [CLI, ...args, "--config", join(folder, "whisper.yaml")]).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        said: stdout + stderr,
      }),
    );
  const accepted = async () => (await acceptKeys(database, file(), readKeyFile(file())))?.message ?? null;
  const write = (ref: string) =>
    database.transaction((tx) =>
      recorder(readKeyFile(file())).write(tx, [
        {
          ref,
          type: "message",
          at: NOW,
          actor: { is: "account", user: "@ht_mia:practice.test" as UserId },
          onBehalfOf: null,
          room: "!room:practice.test" as RoomId,
          about: null,
          body: { text: ref },
        },
      ]),
    );

  it("is made once, for its owner's eyes only, and never overwritten", () => {
    expect(createKeyFile(file(), NOW)).to.equal(true);
    const made = readFileSync(file(), "utf8");
    expect(statSync(file()).mode & 0o077).to.equal(0);
    expect(createKeyFile(file(), LATER)).to.equal(false);
    expect(readFileSync(file(), "utf8")).to.equal(made);
  });

  it("gets further keys, each with an id of its own, whatever its last line looks like", () => {
    createKeyFile(file(), NOW);
    writeFileSync(file(), readFileSync(file(), "utf8").trimEnd());
    const id = addKey(file(), LATER);
    expect(() => addKey(file(), LATER)).to.throw(UnusableKeyFile, "a moment ago");
    expect(readKeyFile(file()).newest.id).to.equal(id);
    expect(readKeyFile(file()).byId.size).to.equal(2);
  });

  it("is missed at start, with what to do", async () => {
    expect(() => readKeyFile(file())).to.throw(UnusableKeyFile, "audit keys create");
    await whisper("generate-registration", "--out", join(folder, "registration.yaml"));
    for (const command of ["serve", "check-config"]) {
      const { code, said } = await whisper(command);
      expect(code, command).to.equal(1);
      expect(said).to.match(
        /^The record's key file \S+ \(audit\.keys\) cannot be read\. Put it back[^\n]+\n$/,
      );
    }
  });

  it("is refused if it is another one than the record was written with", async () => {
    createKeyFile(file(), NOW);
    expect(await accepted()).to.equal(null);
    writeFileSync(file(), keyLine("20260302T090000", Buffer.alloc(32, 7)));
    expect(await accepted()).to.contain("another key 20260302T090000");
    rmSync(file());
    createKeyFile(file(), LATER);
    expect(await accepted()).to.contain("lacks the key 20260302T090000");
    const { newest } = readKeyFile(file());
    await whisper("generate-registration", "--out", join(folder, "registration.yaml"));
    for (const command of [["serve"], ["check-config"], ["audit", "verify"]]) {
      const { code, said } = await whisper(...command);
      expect(code, command.join(" ")).to.equal(1);
      expect(said).to.contain("Put the file back from your backup").and.not.contain("    at ");
    }
    // Refused, it has not become the record's.
    const used = await database.query("SELECT id FROM record_key_ids");
    expect(used.rows.map(({ id }) => id)).to.not.include(newest.id);
  });

  it("can be given up, so that a practice that lost it goes on", async () => {
    createKeyFile(file(), NOW);
    await accepted();
    rmSync(file());
    createKeyFile(file(), LATER);
    expect((await whisper("audit", "keys", "give-up", "unknown")).code).to.equal(1);
    expect((await whisper("audit", "keys", "give-up", "20260302T090000")).said).to.contain(
      "now starts without",
    );
    expect(await accepted()).to.equal(null);
  });

  it("is not given up while it is in the file", async () => {
    createKeyFile(file(), NOW);
    await accepted();
    const { code, said } = await whisper("audit", "keys", "give-up", "20260302T090000");
    expect(code).to.equal(1);
    expect(said).to.contain("so it is not lost");
    rmSync(file());
    createKeyFile(file(), LATER);
    expect(await accepted()).to.contain("20260302T090000");
  });

  it("is rewrapped without what an earlier key protects that is lost", async () => {
    createKeyFile(file(), NOW);
    await accepted();
    await write("$lost");
    rmSync(file());
    createKeyFile(file(), LATER);
    await whisper("audit", "keys", "give-up", "20260302T090000");
    await accepted();
    await write("$kept");
    const older = readFileSync(file());
    await whisper("audit", "keys", "rotate");
    expect((await whisper("audit", "keys", "rewrap")).code).to.equal(0);
    const wrapped = await database.query("SELECT key_id FROM record_keys ORDER BY entry_id");
    const { newest } = readKeyFile(file());
    expect(wrapped.rows).to.deep.equal([{ key_id: "20260302T090000" }, { key_id: newest.id }]);
    // From then on a file without the newest key is refused.
    writeFileSync(file(), older);
    expect(await accepted()).to.contain(newest.id);
  });

  it("is made, rotated and rewrapped by commands that print no secret", async () => {
    const said = [await whisper("audit", "keys", "create"), await whisper("audit", "keys", "create")];
    await accepted();
    await write("$old");
    said.push(await whisper("audit", "keys", "rotate"));
    await accepted();
    await write("$new");
    const keys = readKeyFile(file());
    expect(await recordedEntries(database, keys)).to.have.length(2);
    said.push(await whisper("audit", "keys", "rewrap"));
    expect(said.map(({ code }) => code)).to.deep.equal([0, 0, 0, 0]);
    expect(said.at(-1)?.said).to.contain("1 were still under an older one");
    for (const secret of readFileSync(file(), "utf8").match(/[0-9a-f]{64}/g) ?? [])
      expect(said.map((each) => each.said).join()).to.not.contain(secret);
    const onlyNewest = { newest: keys.newest, byId: new Map([[keys.newest.id, keys.newest]]) };
    expect((await recordedEntries(database, onlyNewest)).map(({ body }) => body.text)).to.deep.equal([
      "$old",
      "$new",
    ]);
    expect(await rewrapKeys(database, keys)).to.equal(0);
  });

  it("lets the record be checked by a command, without a running Whisper", async () => {
    createKeyFile(file(), NOW);
    await accepted();
    await write("$a");
    const { code, said } = await whisper("audit", "verify");
    expect([code, said.split("\n")[0]]).to.deep.equal([0, "The record is whole: 0 entries."]);
    const without = await whisper("audit", "verify", "--anchor", join(folder, "nowhere"));
    expect(without.code).to.equal(1);
    expect(without.said).to.contain("cannot be read");
    await database.query("ALTER TABLE record_unsealed DROP CONSTRAINT record_unsealed_entry_id_fkey");
    await database.query("DELETE FROM record_unsealed");
    const broken = await whisper("audit", "verify");
    expect([broken.code, broken.said]).to.deep.equal([1, "An entry ($a) was put in without Whisper.\n"]);
  });
});
