import { storedDoctor } from "../../directory/input/doctor-ids.ts";
import type { Username } from "../../policy/model.ts";
import { foldName } from "../../policy/names/names.ts";
import type { Queryable } from "../../store/database.ts";
import type { Arrival, ArrivalId, ArrivalState } from "../rules/arrival.ts";
import { readArrivals } from "./store.ts";

export interface ArrivalSearch {
  readonly doctor: Username | null;
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
  const { doctor } = search;
  return readArrivals(
    db,
    `WHERE ($1::text[] IS NULL OR a.doctor = ANY($1)) AND ($2::text IS NULL OR a.state = $2)
       AND ($3::timestamptz IS NULL OR a.arrived_at >= $3) AND ($4::timestamptz IS NULL OR a.arrived_at < $4)
       AND ($5::timestamptz IS NULL OR (a.arrived_at, a.id) < ($5, $6))
     ORDER BY a.arrived_at DESC, a.id DESC LIMIT $7`,
    [
      doctor === null ? null : [doctor, (await storedDoctor(db, doctor)) ?? foldName(doctor)],
      search.state ?? null,
      search.from ?? null,
      search.to ?? null,
      search.after?.arrivedAt ?? null,
      search.after?.id ?? null,
      search.limit + 1,
    ],
  );
}

/** Everyone in the waiting room, answered or not, longest wait first. */
export function waitingArrivals(db: Queryable): Promise<Arrival[]> {
  return readArrivals(db, "WHERE a.ended_at IS NULL ORDER BY a.arrived_at, a.id LIMIT 500", []);
}
