import type { Queryable, Transaction } from "../../store/database.ts";

/** Notes an SMS that came in. False: it has come before. */
export async function newReply(tx: Transaction, sid: string): Promise<boolean> {
  const noted = await tx.query("INSERT INTO sms_replies (sid) VALUES ($1) ON CONFLICT DO NOTHING", [sid]);
  return noted.rowCount === 1;
}

/** Up to when SMS that came in have been fetched from the provider, by its clock; null: never. */
export async function fetchedUntil(db: Queryable, provider: string): Promise<Date | null> {
  const found = await db.query<{ until: Date }>("SELECT until FROM sms_fetches WHERE provider = $1", [
    provider,
  ]);
  return found.rows[0]?.until ?? null;
}

export async function setFetchedUntil(db: Queryable, provider: string, until: Date): Promise<void> {
  await db.query(
    `INSERT INTO sms_fetches (provider, until) VALUES ($1, $2)
     ON CONFLICT (provider) DO UPDATE SET until = greatest(sms_fetches.until, excluded.until)`,
    [provider, until],
  );
}

/**
 * Forgets SMS that came in before this time. Those of the last day before the last fetch stay, however long ago that
 * was: the next fetch begins before it.
 */
export async function forgetReplies(db: Queryable, before: Date): Promise<void> {
  await db.query(
    `DELETE FROM sms_replies
     WHERE received_at < least($1, (SELECT min(until) - interval '1 day' FROM sms_fetches))`,
    [before],
  );
}
