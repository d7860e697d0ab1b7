import type { Queryable, Transaction } from "../../store/database.ts";
import type { Booking } from "../rules/booking.ts";
import { type BookingRow, bookingFromRow } from "./arrival-rows.ts";

/** The patient's bookings that are part of an arrival that has not ended. */
export async function openBookingsOf(db: Queryable, patientId: string): Promise<readonly Booking[]> {
  const found = await db.query<{ booking: BookingRow }>(
    `SELECT to_json(b) AS booking FROM bookings b
     WHERE b.patient_id = $1 AND EXISTS (
       SELECT FROM arrival_bookings ab JOIN arrivals a ON a.id = ab.arrival_id
       WHERE ab.booking_id = b.booking_id AND a.ended_at IS NULL)
     ORDER BY b.appointment_at, b.booking_id`,
    [patientId],
  );
  return found.rows.map(({ booking }) => bookingFromRow(booking));
}

/** The patient's other bookings and earlier arrivals, which nobody is told about, are the other patient's. */
export async function movePatient(tx: Transaction, from: string, to: string): Promise<void> {
  await tx.query("UPDATE bookings SET patient_id = $2 WHERE patient_id = $1", [from, to]);
  await tx.query("UPDATE arrivals SET patient_id = $2 WHERE patient_id = $1 AND ended_at IS NOT NULL", [
    from,
    to,
  ]);
}
