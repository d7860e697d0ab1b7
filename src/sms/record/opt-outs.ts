import { onlyRow, type Queryable, type Transaction } from "../../store/database.ts";

export async function hasOptedOut(db: Queryable, number: string): Promise<boolean> {
  const found = await db.query("SELECT FROM sms_opt_outs WHERE number = $1 AND NOT ended", [number]);
  return found.rowCount === 1;
}

/**
 * Someone wants no SMS at this number, or wants them again. The latest word counts, in whatever order they are heard.
 * @param at when they said so; null: now.
 * @returns whether that changes anything.
 */
export async function setOptedOut(
  tx: Transaction,
  number: string,
  optedOut: boolean,
  at: Date | null = null,
): Promise<boolean> {
  const set = await tx.query<{ news: boolean }>(
    `WITH before AS (SELECT NOT ended AS opted_out FROM sms_opt_outs WHERE number = $1),
          latest AS (INSERT INTO sms_opt_outs (number, ended, since) VALUES ($1, NOT $2::boolean, coalesce($3::timestamptz, now()))
                     ON CONFLICT (number) DO UPDATE SET ended = excluded.ended, since = excluded.since
                       WHERE sms_opt_outs.since <= excluded.since
                     RETURNING number)
     SELECT EXISTS (SELECT FROM latest) AND coalesce((SELECT opted_out FROM before), false) <> $2 AS news`,
    [number, optedOut, at],
  );
  return onlyRow(set).news;
}
