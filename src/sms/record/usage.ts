import type { Queryable } from "../../store/database.ts";

/** What one user sent on one day of the practice. */
export interface SmsUsage {
  /** Such as 2026-03-02. */
  readonly day: string;
  readonly username: string;
  /** SMS handed to the provider. */
  readonly messages: number;
  /** What the carrier counts and charges. */
  readonly segments: number;
  readonly delivered: number;
  readonly failed: number;
}

/** By day and user, oldest first. SMS that never went to a provider do not count. */
export async function smsUsage(
  db: Queryable,
  { from, to, timezone }: { from: Date; to: Date; timezone: string },
): Promise<readonly SmsUsage[]> {
  const found = await db.query<SmsUsage & Record<string, unknown>>(
    `SELECT to_char(created_at AT TIME ZONE $3, 'YYYY-MM-DD') AS day, sender AS username,
       count(*)::integer AS messages, sum(segments)::integer AS segments,
       count(*) FILTER (WHERE state = 'delivered')::integer AS delivered,
       count(*) FILTER (WHERE state IN ('failed', 'undelivered'))::integer AS failed
     FROM sms_messages
     WHERE created_at >= $1 AND created_at < $2 AND state NOT IN ('queued', 'cancelled', 'shown')
     GROUP BY 1, 2 ORDER BY 1, 2`,
    [from, to, timezone],
  );
  return found.rows;
}
