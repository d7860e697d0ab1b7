import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { Queryable } from "../store/database.ts";
import { keyLine, parseKeys, type RecordKeys, UnusableKeyFile } from "./record-keys.ts";
import * as words from "./words.ts";

/**
 * Reads the key file that the configuration names.
 * @throws UnusableKeyFile with one sentence that says what to do.
 */
export function readKeyFile(path: string): RecordKeys {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UnusableKeyFile(words.noKeyFile(path));
  }
  try {
    return parseKeys(text);
  } catch (error) {
    if (error instanceof UnusableKeyFile) throw new UnusableKeyFile(words.badKeyFile(path, error.message));
    throw error;
  }
}

/** Makes a key file with its first key. @returns false: there is a file already, and it is left as it is. */
export function createKeyFile(path: string, now: Date): boolean {
  try {
    writeFileSync(path, keyLine(idOf(now), randomBytes(32)), { mode: 0o600, flag: "wx", flush: true });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Adds a key, which new entries use from the next start on. @returns its id. @throws UnusableKeyFile */
export function addKey(path: string, now: Date): string {
  const { byId } = readKeyFile(path);
  const id = idOf(now);
  if (byId.has(id)) throw new UnusableKeyFile(words.keyIdTaken(path));
  const isLineOpen = !readFileSync(path, "utf8").endsWith("\n");
  appendFileSync(path, `${isLineOpen ? "\n" : ""}${keyLine(id, randomBytes(32))}`, { flush: true });
  return id;
}

/** Keys are named after the second in which they were made. */
const idOf = (now: Date): string => now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");

/**
 * Is this the key file that the record was written with? If so, its newest key counts as used from now on.
 * @returns why not, in one sentence that says what to do.
 */
export async function acceptKeys(
  db: Queryable,
  path: string,
  keys: RecordKeys,
): Promise<UnusableKeyFile | null> {
  const problem = await keyProblem(db, path, keys);
  if (problem !== null) return new UnusableKeyFile(problem);
  const { id, publicKey } = keys.newest;
  await db.query("INSERT INTO record_key_ids (id, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    id,
    publicKey,
  ]);
  return null;
}

/** Why the record cannot go on with this key file; null: it can. */
export async function keyProblem(db: Queryable, path: string, { byId }: RecordKeys): Promise<string | null> {
  const used = await db.query<{ id: string; public_key: string }>(
    "SELECT id, public_key FROM record_key_ids WHERE given_up_at IS NULL ORDER BY used_since",
  );
  for (const { id, public_key } of used.rows) {
    const key = byId.get(id);
    if (key === undefined) return words.keyMissing(path, id);
    if (key.publicKey !== public_key) return words.otherKey(path, id);
  }
  return null;
}

/** Is this key in the file? No, if the file cannot be read. */
export function holdsKey(path: string, id: string): boolean {
  try {
    return readKeyFile(path).byId.has(id);
  } catch (error) {
    if (error instanceof UnusableKeyFile) return false;
    throw error;
  }
}

/** The practice goes on without a key that is lost for good. @returns false: the record never used such a key. */
export async function giveUpKey(db: Queryable, id: string): Promise<boolean> {
  const given = await db.query("UPDATE record_key_ids SET given_up_at = now() WHERE id = $1", [id]);
  return given.rowCount === 1;
}
