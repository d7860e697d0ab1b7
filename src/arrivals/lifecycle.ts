/**
 * What a change of a booking does to arrivals and their notices (product text, "Patient Arrivals"; the rules that it
 * leaves open are in docs/arrivals.md). Plain data in, plain data out: new arrivals, and what is to be done in rooms.
 */

import type { Username } from "../policy/model.ts";
import { type Arrival, type ArrivalId, type Ending, type Slot, stateOf } from "./arrival.ts";
import { type Booking, presenceOf } from "./booking.ts";
import type { Change, Effect } from "./change.ts";
import { edited, retracted, type Telling, tell } from "./telling.ts";

export type BookingOutcome =
  | { readonly applied: false }
  | { readonly applied: true; readonly changes: readonly Change[] };

/** What the booking's change meets. */
export interface Surroundings extends Telling {
  /** Arrivals that have not ended, of the patient now and of the patient before. */
  readonly open: readonly Arrival[];
  /** The practice's day of the appointment. */
  readonly day: string;
  /** For an arrival that begins. */
  readonly newId: ArrivalId;
}

/**
 * HealthTrack's own clock decides which change is the newest: what is not newer than what is known changes nothing,
 * so repeats and overtaken messages do no harm.
 */
export function changeBooking(known: Booking | null, next: Booking, around: Surroundings): BookingOutcome {
  if (known !== null && next.changedAt.getTime() <= known.changedAt.getTime()) return { applied: false };
  return { applied: true, changes: changesOf(known, next, around) };
}

function changesOf(known: Booking | null, next: Booking, around: Surroundings): Change[] {
  const current = around.open.find((arrival) => slotOf(arrival, next.bookingId) !== undefined) ?? null;
  const presence = presenceOf(next.status);
  switch (presence) {
    case "waiting":
      if (current !== null) return stillHere(current, next, around);
      // It ended without this booking (the other of two in a row went into session, or it was cleared at night).
      if (known?.status === "arrived" && sameVisit(known, next)) return [];
      return [comes(next, around)];
    case "seen":
    case "expected":
    case "not-coming":
      return current === null ? [] : [leaves(current, next.bookingId, endingOf(next), around.now)];
    default:
      return presence satisfies never;
  }
}

function endingOf({ status }: Booking): Ending {
  switch (status) {
    case "booked":
    case "confirmed":
      return "unarrived";
    case "in_session":
    case "out_session":
    case "closed":
    case "no_show":
    case "cancelled":
      return status;
    case "arrived":
      return "reassigned";
    default:
      return status satisfies never;
  }
}

const sameVisit = (
  one: Pick<Booking, "patientId" | "doctor">,
  other: Pick<Booking, "patientId" | "doctor">,
): boolean => one.patientId === other.patientId && one.doctor === other.doctor;

const slotOf = (arrival: Arrival, bookingId: string): Slot | undefined =>
  arrival.slots.find((slot) => slot.bookingId === bookingId);

/** The patient has come: another booking of an arrival that nobody has acknowledged yet, or a new arrival. */
function comes(booking: Booking, around: Surroundings, markedBy: Username = booking.changedBy): Change {
  const slot: Slot = {
    bookingId: booking.bookingId,
    appointmentAt: booking.appointmentAt,
    location: booking.location,
    arrivedAt: booking.changedAt,
    markedBy,
  };
  const beside = besideOf(booking, around);
  if (beside !== undefined) {
    const joined = withSlot(beside, slot);
    return tell(joined, booking, around, { drop: false, edit: true });
  }
  const arrival: Arrival = {
    id: around.newId,
    patientId: booking.patientId,
    patientName: booking.patientName,
    doctor: booking.doctor,
    day: around.day,
    slots: [slot],
    notices: [],
    markedBy,
    arrivedAt: booking.changedAt,
    toldAt: around.now,
    ended: null,
    clockAt: around.now,
    escalations: [],
  };
  const told = tell(arrival, booking, around, { drop: false, edit: false });
  return { arrival: told.arrival, effects: [...told.effects, { do: "start-clock" }] };
}

/** Bookings of one patient with the same doctor on a day are one notice, until it has been acknowledged. */
const besideOf = (booking: Booking, { open, day }: Surroundings): Arrival | undefined =>
  open.find(
    (arrival) =>
      sameVisit(arrival, booking) &&
      arrival.day === day &&
      slotOf(arrival, booking.bookingId) === undefined &&
      stateOf(arrival) !== "acknowledged",
  );

/** The booking has changed while the patient waits. */
function stillHere(arrival: Arrival, booking: Booking, around: Surroundings): Change[] {
  if (sameVisit(arrival, booking)) return [corrected(arrival, booking, around)];
  const marker = slotOf(arrival, booking.bookingId)?.markedBy ?? booking.changedBy;
  const alone = arrival.slots.length === 1;
  if (alone && arrival.patientId === booking.patientId && besideOf(booking, around) === undefined) {
    return [reassigned(arrival, booking, around)];
  }
  return [leaves(arrival, booking.bookingId, "reassigned", around.now), comes(booking, around, marker)];
}

/** The same arrival, shown as it is now: another time, place or spelling of the name. */
function corrected(arrival: Arrival, booking: Booking, around: Surroundings): Change {
  const before = slotOf(arrival, booking.bookingId);
  if (before === undefined) return { arrival, effects: [] };
  const slot: Slot = { ...before, appointmentAt: booking.appointmentAt, location: booking.location };
  const patientName = booking.patientName ?? arrival.patientName;
  const moved = before.location !== slot.location;
  if (
    !moved &&
    before.appointmentAt.getTime() === slot.appointmentAt.getTime() &&
    patientName === arrival.patientName
  ) {
    return { arrival, effects: [] };
  }
  const after = withSlot({ ...arrival, patientName }, slot);
  if (moved) return tell(after, booking, around, { drop: after.slots.length === 1, edit: true });
  return edited(after);
}

/** Another doctor has the patient now: the arrival goes on with them, and the time for an answer starts anew. */
function reassigned(arrival: Arrival, booking: Booking, around: Surroundings): Change {
  const before = slotOf(arrival, booking.bookingId);
  const slot = before && { ...before, appointmentAt: booking.appointmentAt, location: booking.location };
  const moved: Arrival = {
    ...(slot ? withSlot(arrival, slot) : arrival),
    patientName: booking.patientName ?? arrival.patientName,
    doctor: booking.doctor,
    day: around.day,
    clockAt: around.now,
    escalations: [],
  };
  const told = tell(moved, booking, around, { drop: true, edit: true });
  return { arrival: told.arrival, effects: [...told.effects, { do: "start-clock" }] };
}

/** One booking goes. The arrival ends with its last one, or when the patient is with the doctor. */
function leaves(arrival: Arrival, bookingId: string, ending: Ending, now: Date): Change {
  const rest = arrival.slots.filter((slot) => slot.bookingId !== bookingId);
  const seen = ending === "in_session" || ending === "out_session" || ending === "closed";
  if (rest.length === 0 || seen) return endArrival(arrival, ending, now);
  return edited({ ...arrival, slots: rest });
}

/** The patient no longer waits. What people did stays in the record; what they did not is taken back. */
export function endArrival(arrival: Arrival, by: Ending, at: Date): Change {
  const effects: Effect[] = [];
  const notices = arrival.notices.map((notice) => {
    if (notice.shown) effects.push({ do: "take-down", username: notice.username });
    return retracted(notice, by, at);
  });
  return { arrival: { ...arrival, notices, ended: { at, by } }, effects };
}

const withSlot = (arrival: Arrival, slot: Slot): Arrival => ({
  ...arrival,
  slots: [...arrival.slots.filter((other) => other.bookingId !== slot.bookingId), slot].sort(
    (one, other) =>
      one.appointmentAt.getTime() - other.appointmentAt.getTime() ||
      (one.bookingId < other.bookingId ? -1 : 1),
  ),
});
