import { forgetPatientLinks } from "../messages/patient-links.ts";
import type { Database } from "../store/database.ts";
import type { ArrivalId } from "./arrival.ts";
import { commit } from "./carry-out.ts";
import { endArrival } from "./lifecycle.ts";
import type { ArrivalParts } from "./parts.ts";
import { lockArrival } from "./store.ts";

/** A job that the clock starts. */
interface Timed {
  readonly name: string;
  readonly cron: string;
  readonly run: () => Promise<void>;
}

/**
 * Clears at night what was left waiting. Cron runs in UTC and a practice sleeps by its own clock, so it looks every
 * hour whether it is night there: a Whisper that was down at one of them has the next.
 */
export const arrivalTimes = (parts: ArrivalParts, database: Database): Timed[] => [
  {
    name: "arrivals_at_night",
    cron: "7 * * * *",
    run: async () => {
      const now = new Date();
      if (isNight(parts.settings.zone.timezone, now)) await clearStale(parts, database, now);
      await forgetPatientLinks(database);
    },
  },
];

/** From one to five, when no practice is open. */
export function isNight(timezone: string, at: Date): boolean {
  const hour = new Intl.DateTimeFormat("en-AU", {
    timeZone: timezone,
    hour: "2-digit",
    hourCycle: "h23",
  }).format(at);
  return Number(hour) >= 1 && Number(hour) < 5;
}

/** Ends the arrivals that nobody has told us the end of: their notices leave the rooms and stay in the history. */
export async function clearStale(parts: ArrivalParts, database: Database, now: Date): Promise<number> {
  const before = new Date(now.getTime() - parts.settings.staleAfter);
  const stale = await database.query<{ id: ArrivalId }>(
    "SELECT id FROM arrivals WHERE ended_at IS NULL AND told_at < $1 ORDER BY told_at",
    [before],
  );
  for (const { id } of stale.rows) {
    await database.transaction(async (tx) => {
      const arrival = await lockArrival(tx, id);
      if (arrival === null || arrival.ended !== null) return;
      const directory = await parts.directory.within(tx);
      await commit(tx, parts, directory, [endArrival(arrival, "stale", now)]);
    });
  }
  return stale.rows.length;
}
