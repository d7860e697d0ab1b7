import { Gauge, Histogram, type Registry } from "prom-client";
import type { Queryable } from "../../store/database.ts";

/**
 * The metrics of arrivals. The gauges read the database on each scrape, so every process reports the same. Labels are
 * fixed words and name no patient or person.
 * @returns what to call for each acknowledgement.
 */
export function arrivalMetrics(
  registry: Registry,
  db: Queryable,
): { readonly onAcknowledged: (seconds: number) => void } {
  const latency = new Histogram({
    name: "whisper_arrival_acknowledgement_seconds",
    help: "Time from sending a notice until its recipient acknowledged it",
    buckets: [5, 15, 30, 60, 120, 300, 600, 1_200, 3_600, 14_400],
    registers: [registry],
  });
  new Gauge({
    name: "whisper_arrival_notices",
    help: "Arrival notices of the last 24 hours, by state: waiting, acknowledged, replied, retracted or undeliverable",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      this.reset();
      const found = await db.query<{ state: string; count: string }>(
        `SELECT s.state, count(n.state) FROM unnest(ARRAY['waiting', 'acknowledged', 'replied', 'retracted', 'undeliverable'])
           AS s(state) LEFT JOIN arrival_notices n ON n.state = s.state AND n.told_at > now() - interval '24 hours'
         GROUP BY s.state`,
      );
      for (const { state, count } of found.rows) this.set({ state }, Number(count));
    },
  });
  new Gauge({
    name: "whisper_arrivals_waiting",
    help: "Patients in the waiting room whose arrival nobody has answered, by who was told: somebody, or nobody because nobody could be",
    labelNames: ["told"],
    registers: [registry],
    async collect() {
      const found = await db.query<{ told: string; unknown: string }>(
        `SELECT count(*) FILTER (WHERE told) AS told, count(*) FILTER (WHERE NOT told) AS unknown FROM
           (SELECT EXISTS (SELECT FROM arrival_notices n WHERE n.arrival_id = a.id
                           AND (n.state <> 'undeliverable' OR n.reported)) AS told
            FROM arrivals a WHERE a.ended_at IS NULL AND a.state IN ('waiting', 'escalated', 'undeliverable')) AS waiting`,
      );
      const [row] = found.rows;
      this.set({ told: "somebody" }, Number(row?.told ?? 0));
      this.set({ told: "nobody" }, Number(row?.unknown ?? 0));
    },
  });
  return { onAcknowledged: (seconds) => latency.observe(Math.max(0, seconds)) };
}
