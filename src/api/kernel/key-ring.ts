import { timingSafeEqual } from "node:crypto";
import type { Queryable } from "../../store/database.ts";
import type { Notifications } from "../../store/notifications.ts";
import { digestOf, idOfKey } from "./keys.ts";
import { Problem } from "./problem.ts";
import type { Caller } from "./route.ts";
import type { Scope } from "./scopes.ts";

export interface KeyRing {
  /** @throws Problem 401 if the header contains no valid key. */
  callerOf(authorization: string | undefined): Promise<Caller>;
}

interface Entry {
  readonly digest: Buffer;
  readonly caller: Caller;
  readonly until: number;
}

const MOST_ENTRIES = 1_000;

/** Milliseconds for which a key is remembered. Its revocation is announced, but that can be missed. */
export const REMEMBER_MS = 30_000;

export interface KeyRingOptions {
  /** Where `revokeApiKey` announces that a key is revoked. */
  readonly news: Pick<Notifications, "on" | "onGap">;
  readonly rememberMs: number;
}

/**
 * Looks up keys and remembers valid ones until their revocation is announced, or for `rememberMs`. A revoked key may be
 * accepted that long if the announcement is missed; in return, one lookup serves many requests.
 */
export function keyRing(db: Queryable, { news, rememberMs }: KeyRingOptions): KeyRing {
  const known = new Map<string, Entry>();
  // A lookup in progress while a key is revoked may have seen it as valid: its result is not remembered.
  let ends = 0;
  const forget = (id?: string) => {
    ends += 1;
    if (id === undefined) known.clear();
    else known.delete(id);
  };
  news.on("whisper_api_key", forget);
  news.onGap(forget);

  async function lookUp(id: string): Promise<Entry | null> {
    const remembered = known.get(id);
    if (remembered && remembered.until > Date.now()) return remembered;
    known.delete(id);
    const until = Date.now() + rememberMs;
    const before = ends;
    const { rows } = await db.query<{ name: string; digest: Buffer; scopes: string[] }>(
      "SELECT name, digest, scopes FROM api_keys WHERE id = $1 AND revoked_at IS NULL",
      [id],
    );
    const [row] = rows;
    if (!row) return null;
    const caller = { keyId: id, keyName: row.name, scopes: new Set(row.scopes) };
    const entry = { digest: row.digest, caller, until };
    if (known.size >= MOST_ENTRIES) known.clear();
    if (ends === before) known.set(id, entry);
    return entry;
  }

  return {
    async callerOf(authorization) {
      const key = bearerOf(authorization);
      const id = key === null ? null : idOfKey(key);
      const entry = id === null ? null : await lookUp(id);
      if (key === null || entry === null || !sameBytes(digestOf(key), entry.digest)) {
        throw unauthorized(key !== null);
      }
      return entry.caller;
    },
  };
}

/** In constant time, which does not reveal where they differ. */
const sameBytes = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** The token of `Authorization: Bearer <token>`. */
export function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? "")?.[1] ?? null;
}

/** @throws Problem 403 if the key lacks the scope. */
export function mustHaveScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.has(scope)) return;
  throw new Problem("forbidden", `This API key does not have the scope ${scope}.`, {
    headers: { "WWW-Authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}

function unauthorized(given: boolean): Problem {
  const detail = given
    ? "This API key is unknown or revoked."
    : "Send an API key as Authorization: Bearer <key>.";
  return new Problem("unauthorized", detail, {
    headers: { "WWW-Authenticate": given ? 'Bearer error="invalid_token"' : "Bearer" },
  });
}
