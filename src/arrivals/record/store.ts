import type { Queryable, Transaction } from "../../store/database.ts";
import { onlyRow } from "../../store/database.ts";
import type { Arrival, ArrivalId } from "../rules/arrival.ts";
import type { Booking } from "../rules/booking.ts";
import {
  type ArrivalRow,
  arrivalFromRow,
  arrivalToRow,
  type BookingRow,
  bookingFromRow,
  bookingToRow,
  escalationToRow,
  noticeToRow,
  slotToRow,
} from "./arrival-rows.ts";

/**
 * Waits until nobody else is changing the booking, its patient or its previous patient, and blocks others until the
 * transaction ends. Everything about an arrival happens under its patient's lock, so no row locks are needed. The
 * booking's lock comes first and patients' locks come in a fixed order, so there are no deadlocks.
 */
export async function lockBooking(
  tx: Transaction,
  bookingId: string,
  patientId: string | null,
): Promise<void> {
  await Promise.all([
    tx.query("SELECT pg_advisory_xact_lock(hashtextextended('arrivals:booking:' || $1, 0))", [bookingId]),
    tx.query(
      `SELECT pg_advisory_xact_lock(key) FROM
         (SELECT DISTINCT hashtextextended('arrivals:patient:' || id, 0) AS key
          FROM (SELECT $2::text AS id WHERE $2 IS NOT NULL UNION SELECT patient_id FROM bookings WHERE booking_id = $1) AS patients ORDER BY key) AS keys`,
      [bookingId, patientId],
    ),
  ]);
}

const ARRIVAL = `
  a.id, a.patient_id, a.patient_name, a.doctor, a.day, a.marked_by, a.arrived_at, a.told_at, a.ended_at, a.ended_by,
  a.clock_at,
  coalesce((SELECT json_agg(e ORDER BY e.step) FROM arrival_escalations e
    WHERE e.arrival_id = a.id AND e.clock_at = a.clock_at), '[]') AS escalations,
  (SELECT json_agg(b ORDER BY b.appointment_at, b.booking_id) FROM arrival_bookings b WHERE b.arrival_id = a.id) AS slots,
  coalesce((SELECT json_agg(n ORDER BY n.told_at, n.username) FROM arrival_notices n WHERE n.arrival_id = a.id), '[]') AS notices`;

export interface Situation {
  /** The booking as it was before. */
  readonly known: Booking | null;
  /** The patient's arrivals that have not ended, and the booking's own, even if it belongs to another patient. */
  readonly open: readonly Arrival[];
  /** The arrival that the booking is part of, or was part of last. */
  readonly last: Arrival | null;
  /** The patients of that arrival's other bookings, as they are now. */
  readonly patientsBeside: readonly string[];
}

/** A booking as it was sent last; null: it is not known. Call under `lockBooking`. */
export async function readBooking(tx: Transaction, bookingId: string): Promise<Booking | null> {
  const found = await tx.query<{ booking: BookingRow }>(
    "SELECT to_json(b) AS booking FROM bookings b WHERE booking_id = $1",
    [bookingId],
  );
  const [row] = found.rows;
  return row === undefined ? null : bookingFromRow(row.booking);
}

type SituationRow = {
  readonly booking: BookingRow | null;
  readonly arrivals: ArrivalRow[];
  readonly last: ArrivalId | null;
  readonly patients_beside: string[];
};

/** What is known about a booking, and the patient's open arrivals, in one statement. Call under `lockBooking`. */
export async function readSituation(
  tx: Transaction,
  bookingId: string,
  patientId: string,
): Promise<Situation> {
  const { booking, arrivals, last, patients_beside } = onlyRow(
    await tx.query<SituationRow>(
      // A booking leaves one arrival before it joins the next: the open one is its last, otherwise the one that ended
      // last.
      `WITH last AS (SELECT arrival_id FROM arrival_bookings JOIN arrivals ON id = arrival_id WHERE booking_id = $1
                     ORDER BY ended_at DESC NULLS FIRST, told_at DESC, id DESC LIMIT 1)
       SELECT (SELECT to_json(b) FROM bookings b WHERE b.booking_id = $1) AS booking,
              (SELECT arrival_id FROM last) AS last,
              ARRAY(SELECT DISTINCT patient_id FROM arrival_bookings JOIN bookings b USING (booking_id)
                    WHERE arrival_id = (SELECT arrival_id FROM last) AND booking_id <> $1) AS patients_beside,
              (SELECT coalesce(json_agg(found), '[]') FROM
                (SELECT ${ARRIVAL} FROM arrivals a
                 WHERE (a.patient_id = $2 AND a.ended_at IS NULL) OR a.id = (SELECT arrival_id FROM last)
                 ORDER BY a.told_at, a.id) AS found) AS arrivals`,
      [bookingId, patientId],
    ),
  );
  const known = arrivals.map(arrivalFromRow);
  return {
    known: booking && bookingFromRow(booking),
    open: known.filter((arrival) => arrival.ended === null),
    last: known.find((arrival) => arrival.id === last) ?? null,
    patientsBeside: patients_beside,
  };
}

/** One arrival, locked with its patient; null: it does not exist. */
export async function lockArrival(tx: Transaction, id: ArrivalId): Promise<Arrival | null> {
  await tx.query("SAVEPOINT before_arrival");
  for (;;) {
    const found = await tx.query<{ patient_id: string }>("SELECT patient_id FROM arrivals WHERE id = $1", [
      id,
    ]);
    const patient = found.rows[0]?.patient_id;
    if (patient === undefined) return null;
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('arrivals:patient:' || $1, 0))", [patient]);
    const arrival = await readArrival(tx, id);
    if (arrival?.patientId === patient) return arrival;
    // It got another patient meanwhile. Waiting for that lock while holding this one could end in a deadlock.
    await tx.query("ROLLBACK TO SAVEPOINT before_arrival");
  }
}

export async function readArrival(db: Queryable, id: ArrivalId): Promise<Arrival | null> {
  const [arrival] = await readArrivals(db, "WHERE a.id = $1", [id]);
  return arrival ?? null;
}

/**
 * The arrivals `a` that the end of a query selects, in its order. The query's text is written in our code and never
 * comes from a caller of the API.
 */
export async function readArrivals(
  db: Queryable,
  which: string,
  values: readonly unknown[],
): Promise<Arrival[]> {
  // As JSON, so that times have one format however they are read.
  const found = await db.query<{ arrival: ArrivalRow }>(
    `SELECT to_json(found) AS arrival FROM (SELECT ${ARRIVAL} FROM arrivals a ${which}) AS found`,
    values,
  );
  return found.rows.map((row) => arrivalFromRow(row.arrival));
}

/** Writes a booking and arrivals as they are now, in one statement. */
export async function saveArrivals(
  tx: Transaction,
  booking: Booking | null,
  arrivals: readonly Arrival[],
): Promise<void> {
  await tx.query(
    `WITH booked AS (
       INSERT INTO bookings (booking_id, status, patient_id, patient_name, doctor, location, appointment_at, changed_by, changed_at)
       SELECT booking_id, status, patient_id, patient_name, doctor, location, appointment_at, changed_by, changed_at
       FROM json_to_recordset($1) AS b(booking_id text, status text, patient_id text, patient_name text, doctor text,
         location text, appointment_at timestamptz, changed_by text, changed_at timestamptz)
       ON CONFLICT (booking_id) DO UPDATE SET status = excluded.status, patient_id = excluded.patient_id,
         patient_name = excluded.patient_name, doctor = excluded.doctor, location = excluded.location,
         appointment_at = excluded.appointment_at, changed_by = excluded.changed_by,
         changed_at = excluded.changed_at),
     arrived AS (
       INSERT INTO arrivals (id, patient_id, patient_name, doctor, day, state, marked_by, arrived_at, told_at, ended_at,
         ended_by, clock_at)
       SELECT id, patient_id, patient_name, doctor, day, state, marked_by, arrived_at, told_at, ended_at, ended_by,
         clock_at
       FROM json_to_recordset($2) AS a(id text, patient_id text, patient_name text, doctor text, day text, state text,
         marked_by text, arrived_at timestamptz, told_at timestamptz, ended_at timestamptz, ended_by text,
         clock_at timestamptz)
       ON CONFLICT (id) DO UPDATE SET patient_id = excluded.patient_id, patient_name = excluded.patient_name, doctor = excluded.doctor, day = excluded.day,
         state = excluded.state, arrived_at = excluded.arrived_at, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
         clock_at = excluded.clock_at),
     slots AS (
       SELECT * FROM json_to_recordset($3) AS s(arrival_id text, booking_id text, appointment_at timestamptz,
         location text, location_key text, utc_offset smallint, arrived_at timestamptz, marked_by text)),
     left_out AS (
       DELETE FROM arrival_bookings AS old WHERE old.arrival_id IN (SELECT arrival_id FROM slots)
         AND NOT EXISTS (SELECT FROM slots s WHERE s.arrival_id = old.arrival_id AND s.booking_id = old.booking_id)),
     taken_in AS (
       INSERT INTO arrival_bookings (arrival_id, booking_id, appointment_at, location, location_key, utc_offset, arrived_at,
         marked_by)
       SELECT arrival_id, booking_id, appointment_at, location, location_key, utc_offset, arrived_at, marked_by FROM slots
       ON CONFLICT (arrival_id, booking_id) DO UPDATE SET appointment_at = excluded.appointment_at,
         location = excluded.location, location_key = excluded.location_key, utc_offset = excluded.utc_offset),
     stepped AS (
       INSERT INTO arrival_escalations (arrival_id, clock_at, step, kind, label, told, taken_at)
       SELECT arrival_id, clock_at, step, kind, label, told, taken_at
       FROM json_to_recordset($5) AS e(arrival_id text, clock_at timestamptz, step integer, kind text, label text,
         told boolean, taken_at timestamptz)
       ON CONFLICT (arrival_id, clock_at, step) DO UPDATE SET told = excluded.told
         WHERE arrival_escalations.told <> excluded.told),
     told AS (
       SELECT * FROM json_to_recordset($4) AS n(arrival_id text, username text, told_as text, state text, reason text,
       reported boolean, shown boolean, posting integer, edits integer, nudges integer, threads integer, told_at timestamptz,
       replied_at timestamptz, answered_at timestamptz)),
     renamed AS (
       DELETE FROM arrival_notices AS old WHERE old.arrival_id IN (SELECT arrival_id FROM told)
         AND NOT EXISTS (SELECT FROM told t WHERE t.arrival_id = old.arrival_id AND t.username = old.username))
     INSERT INTO arrival_notices (arrival_id, username, told_as, state, reason, reported, shown, posting, edits, nudges, threads,
       told_at, replied_at, answered_at)
     SELECT arrival_id, username, told_as, state, reason, reported, shown, posting, edits, nudges, threads, told_at, replied_at,
       answered_at
     FROM told
     ON CONFLICT (arrival_id, username) DO UPDATE SET told_as = excluded.told_as, state = excluded.state,
       reason = excluded.reason, reported = excluded.reported, shown = excluded.shown, posting = excluded.posting, edits = excluded.edits,
       nudges = excluded.nudges, threads = excluded.threads, told_at = excluded.told_at,
       replied_at = excluded.replied_at, answered_at = excluded.answered_at`,
    [
      JSON.stringify(booking === null ? [] : [bookingToRow(booking)]),
      JSON.stringify(arrivals.map(arrivalToRow)),
      JSON.stringify(arrivals.flatMap((arrival) => arrival.slots.map((slot) => slotToRow(arrival, slot)))),
      JSON.stringify(
        arrivals.flatMap((arrival) => arrival.notices.map((notice) => noticeToRow(arrival, notice))),
      ),
      JSON.stringify(
        arrivals.flatMap((arrival) =>
          arrival.escalations.map((step, index) => escalationToRow(arrival, step, index)),
        ),
      ),
    ],
  );
}
