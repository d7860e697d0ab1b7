import { Gauge, type Registry } from "prom-client";
import { SMS_STATES } from "../../policy/sms/states.ts";
import type { Queryable } from "../../store/database.ts";

/**
 * The metrics of SMS. They read the database on each scrape, so every process reports the same. Labels are fixed words:
 * never numbers, names or texts.
 */
export function smsMetrics(registry: Registry, db: Queryable): void {
  new Gauge({
    name: "whisper_sms",
    help: "SMS queued in the last 24 hours, by state (see docs/sms.md)",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      const found = await db.query<{ state: string; count: string }>(
        `SELECT s.state, count(m.id) FROM unnest($1::text[]) AS s(state)
           LEFT JOIN sms_messages m ON m.state = s.state AND m.created_at > now() - interval '24 hours'
         GROUP BY s.state`,
        [SMS_STATES],
      );
      for (const { state, count } of found.rows) this.set({ state }, Number(count));
    },
  });
  new Gauge({
    name: "whisper_sms_in_review",
    help: "SMS whose senders have not decided yet whether to send them again",
    registers: [registry],
    async collect() {
      const found = await db.query<{ count: string }>(
        "SELECT count(*) FROM sms_messages WHERE state = 'review'",
      );
      this.set(Number(found.rows[0]?.count ?? 0));
    },
  });
}
