import { storedDoctor } from "../../directory/doctor-ids.ts";
import type { Username } from "../../policy/model.ts";
import { foldLocation } from "../../policy/names/locations.ts";
import { foldName } from "../../policy/names/names.ts";
import type { Queryable } from "../../store/database.ts";
import type { Arrival, ArrivalId, ArrivalState } from "../rules/arrival.ts";
import { readArrivals } from "./store.ts";

export interface ArrivalSearch {
  readonly doctor: Username | null;
  /** Of one of its bookings, however it is spelled. */
  readonly location?: string | null | undefined;
  readonly bookingId?: string | null | undefined;
  readonly patientId?: string | null | undefined;
  readonly state?: ArrivalState | undefined;
  /** By when the patient came; the end is exclusive. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Where the previous page ended. */
  readonly after: { readonly arrivedAt: Date; readonly id: ArrivalId } | null;
  readonly limit: number;
}

/** Arrivals, newest first. Returns one more than `limit` if there are more. */
export async function searchArrivals(db: Queryable, search: ArrivalSearch): Promise<Arrival[]> {
  const { doctor, location } = search;
  return readArrivals(
    db,
    `WHERE ($1::text[] IS NULL OR a.doctor = ANY($1)) AND ($2::text IS NULL OR a.state = $2)
       AND ($3::timestamptz IS NULL OR a.arrived_at >= $3) AND ($4::timestamptz IS NULL OR a.arrived_at < $4)
       AND ($5::timestamptz IS NULL OR (a.arrived_at, a.id) < ($5, $6))
       AND ($8::text IS NULL OR a.patient_id = $8)
       AND ($9::text IS NULL OR a.id IN (SELECT arrival_id FROM arrival_bookings WHERE booking_id = $9))
       AND ($10::text IS NULL OR EXISTS
         (SELECT FROM arrival_bookings b WHERE b.arrival_id = a.id AND b.location_key = $10))
     ORDER BY a.arrived_at DESC, a.id DESC LIMIT $7`,
    [
      doctor === null ? null : [doctor, (await storedDoctor(db, doctor)) ?? foldName(doctor)],
      search.state ?? null,
      search.from ?? null,
      search.to ?? null,
      search.after?.arrivedAt ?? null,
      search.after?.id ?? null,
      search.limit + 1,
      search.patientId ?? null,
      search.bookingId ?? null,
      location == null ? null : foldLocation(location),
    ],
  );
}

/** Everyone in the waiting room, answered or not, longest wait first. If there are more than `most`, one more. */
export function waitingArrivals(db: Queryable, most: number): Promise<Arrival[]> {
  return readArrivals(db, "WHERE a.ended_at IS NULL ORDER BY a.arrived_at, a.id LIMIT $1", [most + 1]);
}

/** Of the patients in the waiting room, those for whom someone has still to answer, or could not be told. */
export function unansweredArrivals(db: Queryable): Promise<Arrival[]> {
  return readArrivals(
    db,
    `WHERE a.ended_at IS NULL AND (a.state = 'undeliverable' OR EXISTS (SELECT FROM arrival_notices n
       WHERE n.arrival_id = a.id AND n.state IN ('waiting', 'undeliverable'))) ORDER BY a.told_at, a.id`,
    [],
  );
}

/**
 * What the user is done with, newest first: acknowledged, replied to and over, answered by someone else who was called
 * in, or cleared at night.
 */
export function arrivalsDoneWith(db: Queryable, user: Username, most: number): Promise<Arrival[]> {
  return readArrivals(
    db,
    `JOIN arrival_notices mine ON mine.arrival_id = a.id AND mine.username = $1
     WHERE mine.state = 'acknowledged' OR (mine.state = 'replied' AND NOT mine.shown)
        OR (mine.state = 'retracted' AND mine.reason IN ('stale', 'answered'))
     ORDER BY mine.answered_at DESC, a.id LIMIT $2`,
    [user, most],
  );
}

/** The arrivals that the user's arrivals room shows, in the order in which they were told. */
export async function arrivalsShownTo(db: Queryable, user: Username): Promise<ArrivalId[]> {
  const found = await db.query<{ arrival_id: ArrivalId }>(
    "SELECT arrival_id FROM arrival_notices WHERE username = $1 AND shown ORDER BY told_at, arrival_id",
    [user],
  );
  return found.rows.map((row) => row.arrival_id);
}
