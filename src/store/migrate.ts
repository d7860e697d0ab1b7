import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { runMigrations } from "graphile-worker";
import type pg from "pg";
import type { Database } from "./database.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** Any constant: held while migrating, so that of several processes starting together only one migrates. */
const LOCK = 7_316_001;

/** The database is not one that this version can bring up to date. Trying again does not help. */
export class MigrationRefused extends Error {}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly digest: string;
}

/**
 * Brings the database to this version: graphile-worker's schema, then our numbered SQL files, each once and in
 * a transaction of its own.
 * @throws MigrationRefused before anything is changed, when another version of Whisper has migrated this database, or
 *   a file has changed since it ran.
 */
export async function migrate(database: Database): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    const migrations = await readMigrations();
    const done = await appliedMigrations(client);
    refuseUnknown(migrations, done);
    await runMigrations({ pgPool: database.pool });
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations (
         name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    for (const migration of migrations) if (!done.has(migration.name)) await apply(client, migration);
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [LOCK]).finally(() => client.release());
  }
}

/** As `migrate`, but returns a refusal: for callers that try again after any error. */
export function migrateUnlessRefused(database: Database): Promise<MigrationRefused | null> {
  return migrate(database).then(
    () => null,
    (error: unknown) => {
      if (error instanceof MigrationRefused) return error;
      throw error;
    },
  );
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(FOLDER)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, FOLDER), "utf8");
      return { name, sql, digest: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

/** The digest of each migration that has run, by its name. */
async function appliedMigrations(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('migrations') IS NOT NULL AS there",
  );
  if (rows[0]?.there !== true) return new Map();
  const done = await client.query<{ name: string; digest: string }>(
    "SELECT name, digest FROM migrations ORDER BY name",
  );
  return new Map(done.rows.map((row) => [row.name, row.digest]));
}

function refuseUnknown(migrations: readonly Migration[], done: ReadonlyMap<string, string>): void {
  const digests = new Map(migrations.map(({ name, digest }) => [name, digest]));
  for (const [name, digest] of done) {
    const known = digests.get(name);
    if (known === undefined) {
      throw new MigrationRefused(
        "This database was made by another version of Whisper, which this version cannot upgrade or read " +
          `(migration ${name}): give Whisper an empty database, or run the version that made this one.`,
      );
    }
    if (known !== digest) {
      throw new MigrationRefused(
        `Migration ${name} was changed after it ran. Restore it and write a new one.`,
      );
    }
  }
}

async function apply(client: pg.ClientBase, { name, sql, digest }: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(sql);
    await client.query("INSERT INTO migrations (name, digest) VALUES ($1, $2)", [name, digest]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
