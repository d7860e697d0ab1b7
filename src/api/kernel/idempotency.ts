import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import type { Database, Queryable, Transaction } from "../../store/database.ts";
import { invalidInput, Problem } from "./problem.ts";
import type { Reply } from "./route.ts";

/**
 * Idempotency-Key: a POST repeated with the same key gets the first one's answer.
 *
 * If the effect is in the database, the answer is written in the same transaction: if the process is killed at any
 * instruction, both are there or neither is. If the effect is elsewhere, a claim is committed first; a claim that
 * nobody finished may be taken over after `CLAIM_SECONDS`.
 *
 * An answer may contain a sign-in token, so it is sealed with a key derived from the caller's API key, which is not in
 * the database.
 */
export interface IdempotentRequest {
  readonly apiKeyId: string;
  /** The caller's API key itself. */
  readonly apiKey: string;
  readonly key: string;
  readonly hash: Buffer;
}

const KEEP = "24 hours";
const CLAIM_SECONDS = 120;

/** The header's value, checked. */
export function idempotencyKeyOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw invalidInput([{ path: "Idempotency-Key", message: "Must be 1 to 255 visible ASCII characters" }]);
}

/** Equal for equal requests, however their JSON is laid out. */
export function hashOfRequest(method: string, path: string, input: unknown): Buffer {
  return createHash("sha256")
    .update(`${method} ${path} ${canonical(input)}`)
    .digest();
}

/** Runs `work` in `tx` unless the request was answered before. */
export async function onceInTransaction(
  tx: Transaction,
  request: IdempotentRequest,
  work: () => Promise<Reply>,
): Promise<{ reply: Reply; replayed: boolean }> {
  // Waiting for the other request would hold a connection for each repetition, so the caller is told to retry instead.
  const lock = await tx.query<{ free: boolean }>(
    "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7316002)) AS free",
    [`${request.apiKeyId} ${request.key}`],
  );
  if (lock.rows[0]?.free !== true) throw inProgress();
  const known = await remembered(tx, request);
  if (known) return { reply: known, replayed: true };
  const reply = await work();
  await tx.query(
    "INSERT INTO idempotency_keys (api_key_id, key, request_hash, answer) VALUES ($1, $2, $3, $4)",
    [request.apiKeyId, request.key, request.hash, seal(request, reply)],
  );
  return { reply, replayed: false };
}

/** Runs `work`, whose effect is outside the database, unless the request was answered before. */
export async function onceOutside(
  db: Database,
  request: IdempotentRequest,
  work: () => Promise<Reply>,
): Promise<{ reply: Reply; replayed: boolean }> {
  const id = [request.apiKeyId, request.key];
  const claim = await db.query(
    `INSERT INTO idempotency_keys AS known (api_key_id, key, request_hash) VALUES ($1, $2, $3)
     ON CONFLICT (api_key_id, key) DO UPDATE SET created_at = now()
       WHERE known.answer IS NULL AND known.request_hash = excluded.request_hash
         AND known.created_at < now() - make_interval(secs => $4)
     RETURNING key`,
    [...id, request.hash, CLAIM_SECONDS],
  );
  if (claim.rows.length === 0) {
    const known = await remembered(db, request);
    if (known) return { reply: known, replayed: true };
    throw inProgress();
  }
  try {
    const reply = await work();
    await db.query("UPDATE idempotency_keys SET answer = $3 WHERE api_key_id = $1 AND key = $2", [
      ...id,
      seal(request, reply),
    ]);
    return { reply, replayed: false };
  } catch (error) {
    // Not done, so it may be retried immediately. If this fails too, the claim expires by itself.
    await db
      .query("DELETE FROM idempotency_keys WHERE api_key_id = $1 AND key = $2 AND answer IS NULL", id)
      .catch(() => undefined);
    throw error;
  }
}

/** Forgets keys older than a day. For the nightly cron. @returns how many. */
export async function forgetOldIdempotencyKeys(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ key: string }>(
    `DELETE FROM idempotency_keys WHERE created_at < now() - interval '${KEEP}' RETURNING key`,
  );
  return rows.length;
}

async function remembered(db: Queryable, request: IdempotentRequest): Promise<Reply | null> {
  const { rows } = await db.query<{ request_hash: Buffer; answer: Buffer | null }>(
    "SELECT request_hash, answer FROM idempotency_keys WHERE api_key_id = $1 AND key = $2",
    [request.apiKeyId, request.key],
  );
  const [row] = rows;
  if (!row) return null;
  if (!row.request_hash.equals(request.hash)) {
    throw new Problem(
      "idempotency-key-reused",
      "This Idempotency-Key was sent with a different request. Use a new one.",
    );
  }
  return row.answer === null ? null : unseal(request, row.answer);
}

const inProgress = () =>
  new Problem("conflict", "A request with this Idempotency-Key is still in progress.", { retryAfter: 1 });

const IV_BYTES = 12;
const TAG_BYTES = 16;

const sealingKey = (request: IdempotentRequest): Buffer =>
  Buffer.from(hkdfSync("sha256", request.apiKey, request.key, "whisper idempotency", 32));

function seal(request: IdempotentRequest, reply: Reply): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", sealingKey(request), iv);
  const text = JSON.stringify({ status: reply.status, headers: reply.headers, body: reply.body });
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

function unseal(request: IdempotentRequest, answer: Buffer): Reply {
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(request), answer.subarray(0, IV_BYTES));
  decipher.setAuthTag(answer.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(answer.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString("utf8"));
}

/** JSON with each object's keys in order. The input has been checked against a schema, so it is not deep. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
