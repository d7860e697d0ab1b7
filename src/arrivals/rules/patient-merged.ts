/**
 * The patient of a booking gets another id once its arrival is over: HealthTrack merged two records of one person, or
 * the wrong patient was corrected. Plain data in, plain data out.
 */

import type { ArrivalChange } from "./arrival-change.ts";
import type { Booking } from "./booking.ts";
import type { Surroundings } from "./coming.ts";

/** Did the booking only get another patient after its arrival ended? Then nobody has arrived, and nobody is told. */
export function onlyPatientOver(known: Booking | null, next: Booking, { last }: Surroundings): boolean {
  return (
    known !== null &&
    last !== null &&
    known.patientId !== next.patientId &&
    known.status === next.status &&
    known.doctor === next.doctor
  );
}

/** The ended arrival's record and links follow, once all its bookings have that patient. */
export function patientOfEnded(next: Booking, around: Surroundings): ArrivalChange[] {
  const { last } = around;
  if (last === null || last.ended === null) return [];
  const change = withPatient({ arrival: last, effects: [] }, next, around);
  return change.effects.length === 0 ? [] : [change];
}

/** An arrival that has ended has the booking's patient, if all its other bookings do. */
export function withPatient(
  change: ArrivalChange,
  { patientId, patientName }: Booking,
  { patientsBeside }: Surroundings,
): ArrivalChange {
  const { arrival } = change;
  if (arrival.patientId === patientId || patientsBeside.some((other) => other !== patientId)) return change;
  return withLinksTo({ ...change, arrival: { ...arrival, patientId, patientName } }, patientId);
}

/** Links that were made for the arrival open that patient. Other links to the patient stay as they are. */
export const withLinksTo = ({ arrival, effects }: ArrivalChange, patientId: string): ArrivalChange => ({
  arrival,
  effects: [...effects, { do: "redirect-links", patientId }],
});
