import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { stringify } from "yaml";
import { freePort } from "../../../dev/stack/ports.ts";
import { type Database, isDatabaseDown, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { run } from "../../support/run/programs.ts";

const CLI = join(import.meta.dirname, "../../../src/cli.ts");

describe("the database", () => {
  it("is migrated once by several processes that start together, and not again", async () => {
    const url = await emptyDatabaseUrl();
    const databases = [1, 2, 3].map(() => openDatabase({ url, max: 3 }));
    try {
      await Promise.all(databases.map(migrate));
      const [database] = databases;
      const applied = async () => (await database?.query("SELECT name FROM migrations ORDER BY name"))?.rows;
      const before = await applied();
      expect(before).to.have.lengthOf.at.least(1);
      await Promise.all(databases.map(migrate));
      expect(await applied()).to.deep.equal(before);
    } finally {
      for (const each of databases) await each.close();
    }
  });

  it("is migrated by files that each have a number of their own", () => {
    const numbers = readdirSync(join(CLI, "../store/migrations")).map((name) => name.slice(0, 4));
    expect(numbers).to.deep.equal([...new Set(numbers)]);
  });

  const REFUSED = "give Whisper an empty database, or run the version that made this one";
  const refusal = (database: Database) =>
    migrate(database).then(
      () => "migrated",
      (error: unknown) => String(error),
    );
  /** A database from a development version before the first release, with that version's own migrations. */
  async function earlierDatabase(url: string): Promise<Database> {
    const database = openDatabase({ url, max: 3 });
    await database.query("CREATE TABLE migrations (name text PRIMARY KEY, digest text NOT NULL)");
    await database.query(
      "INSERT INTO migrations (name, digest) VALUES ('0001_house.sql', 'a'), ('0002_api.sql', 'b')",
    );
    return database;
  }
  /** Every table and schema except PostgreSQL's own. */
  const contents = async (database: Database) =>
    (
      await database.query(
        `SELECT nspname, relname FROM pg_namespace n LEFT JOIN pg_class c ON relnamespace = n.oid AND relkind = 'r'
         WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1, 2`,
      )
    ).rows;

  it("refuses a migration that was changed after it ran, and says what to do", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 3 });
    try {
      await migrate(database);
      await database.query("UPDATE migrations SET digest = 'other' WHERE name = '0001_initial.sql'");
      expect(await refusal(database)).to.include("0001_initial.sql was changed after it ran");
    } finally {
      await database.close();
    }
  });

  it("is refused if an earlier development version created it, and nothing in it changes", async () => {
    const database = await earlierDatabase(await emptyDatabaseUrl());
    try {
      const before = await contents(database);
      expect(await refusal(database))
        .to.include("made by another version of Whisper")
        .and.include(REFUSED);
      expect(await contents(database)).to.deep.equal(before);
    } finally {
      await database.close();
    }
  });

  it("is refused if a later version has upgraded it", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 3 });
    try {
      await migrate(database);
      await database.query("INSERT INTO migrations (name, digest) VALUES ('9999_later.sql', 'c')");
      expect(await refusal(database))
        .to.include("9999_later.sql")
        .and.include(REFUSED);
    } finally {
      await database.close();
    }
  });

  it("from an earlier development version ends the start instead of a wait", async () => {
    const url = await emptyDatabaseUrl();
    await (await earlierDatabase(url)).close();
    const directory = mkdtempSync(join(tmpdir(), "earlier-database-"));
    try {
      const config = join(directory, "whisper.yaml");
      writeFileSync(
        config,
        stringify({
          practice: { name: "Northside", timezone: "Australia/Brisbane" },
          homeserver: {
            url: "http://localhost:8008",
            server_name: "localhost",
            public_url: "http://localhost",
          },
          database: { url },
          listen: { port: await freePort() },
          public_url: "http://localhost:9000",
          patients: { url: "http://localhost/{patient_id}" },
          policy: { token: "x".repeat(40) },
        }),
      );
      await run(process.execPath, [CLI, "generate-registration", "--config", config], { cwd: directory });
      await run(process.execPath, [CLI, "audit", "keys", "create", "--config", config]);
      const child = spawn(process.execPath, [CLI, "serve", "--config", config], {
        stdio: ["ignore", "ignore", "pipe"],
        cwd: directory,
        // If it waits after all, it ends with this test run.
        timeout: 20_000,
      });
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
      expect(code).to.equal(1);
      expect(said).to.include(REFUSED).and.not.include("    at ");
    } finally {
      rmSync(directory, { recursive: true });
    }
  }).timeout(30_000);

  it("is recognised as down if it goes down between two statements of a transaction", async () => {
    const url = await emptyDatabaseUrl();
    const broken = Promise.withResolvers<void>();
    const database = openDatabase({ url, max: 1, onBroken: () => broken.resolve() });
    const other = openDatabase({ url, max: 1 });
    try {
      const failed = database.transaction(async (tx) => {
        const { rows } = await tx.query("SELECT pg_backend_pid() AS pid");
        await other.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
        await broken.promise;
        await tx.query("SELECT 1");
      });
      expect(await failed.catch(isDatabaseDown)).to.equal(true);
      expect((await database.query("SELECT")).rowCount, "with another connection").to.equal(1);
    } finally {
      await database.close();
      await other.close();
    }
  });

  it("rolls back after an error, and releases its connection", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 1 });
    try {
      await database.query("CREATE TABLE t (n int)");
      const failed = database.transaction(async (tx) => {
        await tx.query("INSERT INTO t VALUES (1)");
        throw new Error("no");
      });
      expect(await failed.catch((error: unknown) => String(error))).to.equal("Error: no");
      expect((await database.query("SELECT FROM t")).rowCount).to.equal(0);
    } finally {
      await database.close();
    }
  });
});
