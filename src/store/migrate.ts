import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { runMigrations } from "graphile-worker";
import type { Database } from "./database.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** Any constant: held while migrating, so that of several processes starting at once one migrates. */
const LOCK = 7_316_001;

/**
 * Brings the database to this version: graphile-worker's schema, then our numbered SQL files, each once and in
 * a transaction of its own. A file that changed after it ran is refused: write a new one.
 */
export async function migrate(database: Database): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await runMigrations({ pgPool: database.pool });
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations (
         name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const done = new Map(
      (await client.query<{ name: string; digest: string }>("SELECT name, digest FROM migrations")).rows.map(
        (row) => [row.name, row.digest],
      ),
    );
    for (const name of (await readdir(FOLDER)).filter((file) => file.endsWith(".sql")).sort()) {
      const sql = await readFile(new URL(name, FOLDER), "utf8");
      const digest = createHash("sha256").update(sql).digest("hex");
      const known = done.get(name);
      if (known === digest) continue;
      if (known !== undefined) {
        throw new Error(`Migration ${name} was changed after it ran. Restore it and write a new one.`);
      }
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
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [LOCK]).finally(() => client.release());
  }
}
