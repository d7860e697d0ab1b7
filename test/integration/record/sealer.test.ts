import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pg from "pg";
import { pino } from "pino";
import type { RoomId, UserId } from "../../../src/policy/model.ts";
import { anchorFile } from "../../../src/record/anchor.ts";
import { recorder } from "../../../src/record/recorder.ts";
import { startSealer } from "../../../src/record/sealer.ts";
import { verifyRecord } from "../../../src/record/verify.ts";
import { type Database, openDatabase, type Transaction } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { counted } from "../../support/database/counted.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { eventually } from "../../support/eventually.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";

const log = pino({ level: "silent" });
const entries = (...refs: string[]) =>
  refs.map((ref) => ({
    ref,
    type: "message" as const,
    at: new Date(),
    actor: { is: "account" as const, user: "@ht_mia:practice.test" as UserId },
    onBehalfOf: null,
    room: "!room:practice.test" as RoomId,
    about: null,
    body: { text: ref },
  }));

describe("sealing the record", () => {
  let url: string;
  let folder: string;
  const open: Database[] = [];
  const stops: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    url = await emptyDatabaseUrl();
    folder = mkdtempSync(join(tmpdir(), "whisper-seal-"));
    await migrate(another());
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    for (const database of open.splice(0)) await database.close();
    rmSync(folder, { recursive: true });
  });

  function another(): Database {
    const database = openDatabase({ url, max: 5, onBroken: () => undefined });
    open.push(database);
    return database;
  }
  function sealing(database = another()): Database {
    const anchor = anchorFile(join(folder, "anchor"), log);
    stops.push(startSealer({ database, key: RECORD_KEYS.newest, anchor, log }));
    return database;
  }
  const write = (database: Database, ...refs: string[]) =>
    database.transaction((tx) => recorder(RECORD_KEYS).write(tx, entries(...refs)));
  const sealed = async (database: Database, count: number) =>
    eventually(`${count} sealed entries`, async () => {
      const verdict = await verifyRecord(database, RECORD_KEYS);
      return verdict.entries === count && verdict;
    });

  it("follows a commit at once, and only a commit", async () => {
    const database = sealing();
    await write(database, "$a");
    await sealed(database, 1);
    const failed = database.transaction(async (tx) => {
      await recorder(RECORD_KEYS).write(tx, entries("$rolled back"));
      throw new Error("no");
    });
    await failed.catch(() => undefined);
    await write(database, "$b");
    expect(await sealed(database, 2)).to.deep.equal({ entries: 2, firstBroken: null });
  });

  it("costs a transaction one statement, however many entries it writes", async () => {
    const { database, statements } = counted(another());
    await write(database, "$a", "$b", "$c", "$b");
    expect(statements).to.have.length(1);
    const { rows } = await database.query("SELECT ref FROM record_entries e ORDER BY id");
    expect(rows.map(({ ref }) => ref)).to.deep.equal(["$a", "$b", "$c"]);
  });

  it("gives each entry one place while several processes write and seal", async () => {
    const databases = [sealing(), sealing(), sealing()];
    await Promise.all(
      databases.flatMap((database, process) =>
        Array.from({ length: 40 }, (_, index) => write(database, `$${process}-${index}`, `$both-${index}`)),
      ),
    );
    expect(await sealed(another(), 160)).to.deep.equal({ entries: 160, firstBroken: null });
  });

  it("does not wait for a transaction that takes long, nor make it wait", async () => {
    const database = sealing();
    const goOn = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const long = another().transaction(async (tx: Transaction) => {
      await recorder(RECORD_KEYS).write(tx, entries("$long"));
      written.resolve();
      await goOn.promise;
    });
    await written.promise;
    await write(database, "$short");
    await sealed(database, 1);
    goOn.resolve();
    await long;
    await write(database, "$last");
    expect(await sealed(database, 3)).to.deep.equal({ entries: 3, firstBroken: null });
  });

  it("is taken over when the process that does it ends, and holds up nobody meanwhile", async () => {
    const frozen = new pg.Client(url);
    await frozen.connect();
    await frozen.query("SELECT pg_advisory_lock(7316002)");
    const database = sealing();
    await write(database, "$a");
    expect((await verifyRecord(database, RECORD_KEYS)).entries).to.equal(0);
    await frozen.end();
    await sealed(database, 1);
  });

  it("writes its checkpoints to the anchor", async () => {
    const database = sealing();
    await write(database, "$a");
    await eventually("a line", () => readFileSync(join(folder, "anchor"), "utf8").endsWith("\n"));
    expect(await verifyRecord(database, RECORD_KEYS, join(folder, "anchor"))).to.deep.equal({
      entries: 1,
      firstBroken: null,
    });
  });
});
