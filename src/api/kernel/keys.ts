import { createHash, randomBytes } from "node:crypto";
import type { Queryable } from "../../store/database.ts";
import { ALL_SCOPES, type Scope } from "./scopes.ts";

/**
 * API keys: `whk_<id>_<secret>`. The id finds the row; the secret has 256 random bits. Only a digest is stored. Plain
 * SHA-256 is right here: slow hashes protect guessable passwords, and this cannot be guessed.
 */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

const FORM = /^whk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The id in a printed key; null if it cannot be a key. */
export const idOfKey = (key: string): string | null => FORM.exec(key)?.[1] ?? null;

export const digestOf = (key: string): Buffer => createHash("sha256").update(key).digest();

/** Letters, digits, punctuation and single blanks inside: a name appears in the log and in a terminal. */
const isName = (name: string): boolean => name.split(" ").every((word) => /^[^\p{C}\p{Z}]+$/u.test(word));
const LONGEST_NAME = 100;

/**
 * Makes a key. This is the only time its text is available.
 * @throws Error if the name is not valid, or a valid key already has it. A revoked key's name is free.
 */
export async function createApiKey(
  db: Queryable,
  options: { readonly name: string; readonly scopes: readonly Scope[] | "all" },
): Promise<{ id: string; key: string }> {
  const name = options.name.trim();
  if (name === "" || name.length > LONGEST_NAME || !isName(name)) {
    throw new Error(`A key's name must be 1 to ${LONGEST_NAME} visible characters, such as HealthTrack.`);
  }
  const id = randomBytes(6).toString("hex");
  const key = `whk_${id}_${randomBytes(32).toString("base64url")}`;
  const made = await db.query(
    `INSERT INTO api_keys (id, name, digest, scopes) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id`,
    [id, name, digestOf(key), options.scopes === "all" ? ALL_SCOPES : [...new Set(options.scopes)]],
  );
  if (made.rows.length === 0) {
    throw new Error(
      `There is already an API key named ${name}. Revoke that one first, or choose another name.`,
    );
  }
  return { id, key };
}

export async function listApiKeys(db: Queryable): Promise<ApiKey[]> {
  const { rows } = await db.query<ApiKey>(
    `SELECT id, name, scopes, created_at AS "createdAt", revoked_at AS "revokedAt" FROM api_keys ORDER BY created_at, id`,
  );
  return rows;
}

/**
 * Revokes a key, by id or name, and announces it: it is refused everywhere immediately. False: there is no such valid
 * key.
 */
export async function revokeApiKey(db: Queryable, idOrName: string): Promise<boolean> {
  const { rows } = await db.query(
    `WITH ended AS (
       UPDATE api_keys SET revoked_at = now() WHERE (id = $1 OR name = $1) AND revoked_at IS NULL RETURNING id)
     SELECT pg_notify('whisper_api_key', id) FROM ended`,
    [idOrName],
  );
  return rows.length > 0;
}
