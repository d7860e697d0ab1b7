import { mergeCurrentPatient } from "../patients/current-patient.ts";
import { mergePatientLinks } from "../patients/patient-links.ts";
import type { Transaction } from "../store/database.ts";
import { putBooking } from "./change-booking.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lockBookingsOf, movePatient, openBookingsOf } from "./record/patients.ts";

/**
 * HealthTrack has merged a patient's record into another: links, arrivals and bookings belong to that one from now on.
 * A notice that someone has answered keeps its answer. Repeating it changes nothing.
 */
export async function mergePatient(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  old: string,
  into: string,
): Promise<void> {
  await lockBookingsOf(tx, old);
  // As if HealthTrack had sent each with the other patient: what people see of the arrivals follows.
  for (const booking of await openBookingsOf(tx, old))
    await putBooking(tx, dependencies, {
      ...booking,
      patientId: into,
      changedAt: new Date(booking.changedAt.getTime() + 1),
    });
  await movePatient(tx, old, into);
  await mergePatientLinks(tx, old, into);
  await mergeCurrentPatient(tx, old, into);
}
