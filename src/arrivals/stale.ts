import { forgetPatientLinks } from "../patients/patient-links.ts";
import type { Database } from "../store/database.ts";
import type { ArrivalDependencies, ArrivalSettings } from "./dependencies.ts";
import { dayOf } from "./notices/clock.ts";
import { lockArrival, readArrivals } from "./record/store.ts";
import type { Arrival, ArrivalId } from "./rules/arrival.ts";
import { endArrival } from "./rules/lifecycle.ts";
import { saveArrivalChanges } from "./save-changes.ts";

/** A job that runs on a schedule. */
interface Timed {
  readonly name: string;
  readonly cron: string;
  readonly run: () => Promise<void>;
}

/** Runs every hour: a notice from the morning is stale the following night, one from the evening later. */
export const arrivalTimes = (dependencies: ArrivalDependencies, database: Database): Timed[] => [
  {
    name: "arrivals_stale",
    cron: "7 * * * *",
    run: async () => {
      await clearStale(dependencies, database, new Date());
      await forgetPatientLinks(database);
    },
  },
];

/**
 * Nobody has told us how it ended: the newest notice is old and from an earlier day of the practice. The second
 * condition keeps patients of a long day on the board until the day is over.
 */
export function isStale(
  arrival: Arrival,
  { staleAfter, zone }: Pick<ArrivalSettings, "staleAfter" | "zone">,
  now: Date,
): boolean {
  const tellings = [arrival.toldAt, ...arrival.notices.map(({ toldAt }) => toldAt)];
  const newest = new Date(Math.max(...tellings.map((at) => at.getTime())));
  return (
    arrival.ended === null &&
    now.getTime() - newest.getTime() > staleAfter &&
    dayOf(zone, newest) < dayOf(zone, now)
  );
}

/**
 * Ends stale arrivals: their notices leave the rooms and stay in the history.
 * @returns how many.
 */
export async function clearStale(
  dependencies: ArrivalDependencies,
  database: Database,
  now: Date,
): Promise<number> {
  const before = new Date(now.getTime() - dependencies.arrivalSettings.staleAfter);
  const old = await readArrivals(database, "WHERE a.ended_at IS NULL AND a.told_at < $1 ORDER BY a.told_at", [
    before,
  ]);
  let cleared = 0;
  for (const { id } of old.filter((arrival) => isStale(arrival, dependencies.arrivalSettings, now))) {
    if (await endStale(dependencies, database, id, now)) cleared += 1;
  }
  return cleared;
}

const endStale = (
  dependencies: ArrivalDependencies,
  database: Database,
  id: ArrivalId,
  now: Date,
): Promise<boolean> =>
  database.transaction(async (tx) => {
    const arrival = await lockArrival(tx, id);
    // It has ended or was announced again meanwhile.
    if (arrival === null || !isStale(arrival, dependencies.arrivalSettings, now)) return false;
    const directory = await dependencies.directory.within(tx);
    await saveArrivalChanges(tx, dependencies, directory, [endArrival(arrival, "stale", now)]);
    return true;
  });
