import { forgetPatientLinks } from "../patients/patient-links.ts";
import type { Database } from "../store/database.ts";
import type { ArrivalDependencies, ArrivalSettings } from "./dependencies.ts";
import { dayOf, zoneOf } from "./notices/clock.ts";
import { lockArrival, readArrivals } from "./record/store.ts";
import type { Arrival, ArrivalId } from "./rules/arrival.ts";
import type { Booking } from "./rules/booking.ts";
import { endArrival } from "./rules/ending.ts";
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

/** Patients who came shortly before midnight are still announced after it. Milliseconds. */
const GRACE = 3_600_000;

/**
 * Does Whisper hear of it too late to tell anyone, because the patient came long ago or on an earlier day of the place?
 * HealthTrack may send old arrivals when it is connected, or after a database was restored.
 */
export function comesTooLate(
  booking: Pick<Booking, "changedAt" | "location" | "utcOffset">,
  { staleAfter, zone }: Pick<ArrivalSettings, "staleAfter" | "zone">,
  now: Date,
): boolean {
  const here = zoneOf(zone, booking);
  const earlier = dayOf(here, booking.changedAt) < dayOf(here, new Date(now.getTime() - GRACE));
  return earlier || now.getTime() - booking.changedAt.getTime() > staleAfter;
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
