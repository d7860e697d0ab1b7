import { rememberMerge } from "../patients/merged-patients.ts";
import type { Transaction } from "../store/database.ts";
import { putBooking } from "./change-booking.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { movePatient, openBookingsOf } from "./record/patients.ts";

/**
 * HealthTrack has merged a patient's record into another: links, arrivals and bookings belong to that one from now on, and
 * so does what still comes with the old id. A notice that someone has answered keeps its answer. Repeating it changes
 * nothing.
 */
export async function mergePatient(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  old: string,
  into: string,
): Promise<void> {
  // From here on no booking changes until this is done.
  const standing = await rememberMerge(tx, old, into);
  // As if HealthTrack had sent each with the other patient: what people see of the arrivals follows.
  for (const booking of await openBookingsOf(tx, old))
    await putBooking(tx, dependencies, {
      ...booking,
      patientId: standing,
      changedAt: new Date(booking.changedAt.getTime() + 1),
    });
  await movePatient(tx, old, standing);
}
