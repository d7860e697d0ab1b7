import { randomBytes } from "node:crypto";
import type { Queryable, Transaction } from "../../store/database.ts";

/** One time that the provider was asked to send an SMS. */
export interface SmsAttempt {
  readonly ref: string;
  readonly sid: string | null;
  readonly startedAt: Date;
  /** Milliseconds since it began. */
  readonly age: number;
  readonly leaseUntil: Date;
}

const COLUMNS = `ref, sid, started_at AS "startedAt", (extract(epoch FROM clock_timestamp() - started_at) * 1000)::float AS age, lease_until AS "leaseUntil"`;

/** Records an attempt. Commit before the provider is asked. @returns its ref, which nobody can guess. */
export async function beginAttempt(tx: Transaction, sms: string, lease: number): Promise<string> {
  const ref = randomBytes(18).toString("base64url");
  await tx.query(
    `INSERT INTO sms_attempts (ref, sms_id, lease_until) VALUES ($1, $2, now() + $3 * interval '1 millisecond')`,
    [ref, sms, lease],
  );
  return ref;
}

export async function latestAttempt(db: Queryable, sms: string): Promise<SmsAttempt | null> {
  const found = await db.query<SmsAttempt & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM sms_attempts WHERE sms_id = $1 ORDER BY started_at DESC, ref LIMIT 1`,
    [sms],
  );
  return found.rows[0] ?? null;
}

/** Binds the provider's id to an attempt that has none. False: another attempt has this id. */
export async function bindSid(tx: Transaction, ref: string, sid: string): Promise<boolean> {
  const bound = await tx.query(
    `UPDATE sms_attempts SET sid = coalesce(sid, $2) WHERE ref = $1
       AND NOT EXISTS (SELECT FROM sms_attempts other WHERE other.sid = $2 AND other.ref <> $1)`,
    [ref, sid],
  );
  return bound.rowCount === 1;
}

/** Which of the provider's ids no attempt has yet. */
export async function unboundSids(db: Queryable, sids: readonly string[]): Promise<readonly string[]> {
  const found = await db.query<{ sid: string }>("SELECT sid FROM sms_attempts WHERE sid = ANY($1)", [sids]);
  const bound = new Set(found.rows.map(({ sid }) => sid));
  return sids.filter((sid) => !bound.has(sid));
}

/** The SMS of an attempt. */
export async function smsOfAttempt(db: Queryable, ref: string): Promise<string | null> {
  const found = await db.query<{ sms_id: string }>("SELECT sms_id::text FROM sms_attempts WHERE ref = $1", [
    ref,
  ]);
  return found.rows[0]?.sms_id ?? null;
}

/** Notes a report. False: this one has come before. */
export async function newReport(
  tx: Transaction,
  { sid, status, errorCode }: { sid: string; status: string; errorCode: string | null },
): Promise<boolean> {
  const noted = await tx.query(
    "INSERT INTO sms_reports (sid, status, error_code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [sid, status, errorCode ?? ""],
  );
  return noted.rowCount === 1;
}
