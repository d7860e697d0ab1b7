/** A database named by DATABASE_URL belongs to one state directory at a time. */
import { existsSync } from "node:fs";
import { withClient } from "./databases.ts";

/** The state directory that wants the database. */
export interface Claimant {
  /** Created once for the state, and kept in it. */
  readonly id: string;
  readonly directory: string;
  /** The state has used one of Whisper's databases before, perhaps before databases were marked. */
  readonly knowsTheDatabase: boolean;
}

/** Any constant: held while checking, so that one of two simultaneous starts comes first. */
const LOCK = 7_316_002;

/**
 * Marks the database as this state's own. Two states on one database would each take the other's rooms and keys for their
 * own.
 * @throws Error that says what to do if it belongs to another state, or to a Whisper that was not started here.
 */
export function claimDatabase(url: string, claimant: Claimant): Promise<void> {
  return withClient(url, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    const { rows: found } = await client.query(
      "SELECT to_regclass('whisper_development_state') IS NOT NULL AS marked, to_regclass('api_keys') IS NOT NULL AS used",
    );
    const { marked, used } = found[0] ?? {};
    if (!marked && used && !claimant.knowsTheDatabase) {
      throw new Error(
        "DATABASE_URL is the database of a Whisper that was not started here. Create an empty database, and use that one.",
      );
    }
    await client.query(
      `CREATE TABLE IF NOT EXISTS whisper_development_state (
         one boolean PRIMARY KEY DEFAULT true CHECK (one), id text NOT NULL, directory text NOT NULL)`,
    );
    const { rows } = await client.query(
      `INSERT INTO whisper_development_state (id, directory) VALUES ($1, $2)
       ON CONFLICT (one) DO UPDATE
         SET directory = CASE WHEN whisper_development_state.id = $1 THEN $2 ELSE whisper_development_state.directory END
       RETURNING id, directory`,
      [claimant.id, claimant.directory],
    );
    const { id, directory } = rows[0] ?? {};
    if (id === claimant.id) return;
    const other = existsSync(String(directory))
      ? `Use --state ${directory}, or create an empty database and use that one.`
      : "That folder is gone. Create an empty database, and use that one.";
    throw new Error(`DATABASE_URL is the database of another state directory, ${directory}. ${other}`);
  });
}
