import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { WAITING } from "../messages/set-aside.ts";
import type { Database } from "../store/database.ts";

/** What Whisper measures about itself. Labels are fixed words: never names, ids or anything that a person wrote. */
export interface Metrics {
  readonly registry: Registry;
  readonly homeserverCall: (pattern: string, outcome: string, seconds: number) => void;
  readonly stored: (events: number, seconds: number) => void;
  readonly decided: (callback: string, allowed: boolean, seconds: number) => void;
}

export function createMetrics(database: Database): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = new Histogram({
    name: "whisper_homeserver_call_seconds",
    help: "Time that calls to Synapse took, by call and by outcome: ok, refused, throttled, slow, failing or away",
    labelNames: ["call", "outcome"],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [registry],
  });
  const events = new Counter({
    name: "whisper_events_stored_total",
    help: "New events from Synapse that were stored",
    registers: [registry],
  });
  const intake = new Histogram({
    name: "whisper_intake_seconds",
    help: "Time from receiving a transaction from Synapse until its events were stored",
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
    registers: [registry],
  });
  const decisions = new Histogram({
    name: "whisper_policy_callback_seconds",
    help: "Time taken to answer Synapse's policy callbacks, by callback and by whether it was allowed: true or false",
    labelNames: ["callback", "allowed"],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.02, 0.1, 1, 10],
    registers: [registry],
  });
  waiting(registry, database);
  return {
    registry,
    homeserverCall: (call, outcome, seconds) => calls.observe({ call, outcome }, seconds),
    decided: (callback, allowed, seconds) =>
      decisions.observe({ callback, allowed: String(allowed) }, seconds),
    stored: (count, seconds) => {
      events.inc(count);
      intake.observe(seconds);
    },
  };
}

/** Read from the database on each scrape, so that every process reports the same. */
function waiting(registry: Registry, database: Database): void {
  new Gauge({
    name: "whisper_waiting",
    help: "Work that is waiting: events, sends or jobs; events_parked, sends_parked and jobs_parked were tried and put aside",
    labelNames: ["what"],
    registers: [registry],
    async collect() {
      const found = await database.query<{ what: string; count: string }>(
        `${WAITING}
         UNION ALL SELECT 'jobs', count(*) FROM graphile_worker._private_jobs WHERE attempts < max_attempts
         UNION ALL SELECT 'jobs_parked', count(*) FROM graphile_worker._private_jobs
                    WHERE attempts >= max_attempts AND key IS NOT NULL AND locked_at IS NULL`,
      );
      for (const { what, count } of found.rows) this.set({ what }, Number(count));
    },
  });
}
