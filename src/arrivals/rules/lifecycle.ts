/**
 * What a change of a booking does to arrivals and their notices (docs/product-text.md#patient-arrivals;
 * docs/arrivals.md has the rules that it leaves open). Plain data in, plain data out: new arrivals, and what to do in
 * rooms.
 */

import { type Arrival, type ArrivalId, type Ending, isAnswered, type Slot, stateOf } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { type Booking, presenceOf } from "./booking.ts";
import { type EscalationRule, ruleFor } from "./escalation.ts";
import { editShownNotices, giveNotices, type NoticeAudience, retractNotice } from "./give-notices.ts";

export type BookingOutcome =
  | { readonly applied: false }
  | { readonly applied: true; readonly changes: readonly ArrivalChange[] };

/** What surrounds the booking's change. */
export interface Surroundings extends NoticeAudience {
  /** The open arrivals of the patient now and of the previous patient. */
  readonly open: readonly Arrival[];
  /** The practice's day of the appointment. */
  readonly day: string;
  /** For an arrival that begins. */
  readonly newId: ArrivalId;
  /** What the practice does when nobody answers. */
  readonly escalation: readonly EscalationRule[];
}

/**
 * HealthTrack's own clock decides which change is newest: an older change, or a repeat, changes nothing. That clock may
 * count in whole seconds, so two changes with the same time are applied in the order they arrive.
 */
export function changeBooking(known: Booking | null, next: Booking, around: Surroundings): BookingOutcome {
  if (known !== null && !isNews(known, next)) return { applied: false };
  const changes = changesOf(known, next, around);
  return { applied: true, changes: changes.map((change) => clockOfItsPlace(change, around)) };
}

function isNews(known: Booking, next: Booking): boolean {
  if (next.changedAt.getTime() !== known.changedAt.getTime()) return next.changedAt > known.changedAt;
  return !(
    next.status === known.status &&
    next.patientId === known.patientId &&
    next.patientName === known.patientName &&
    next.doctor === known.doctor &&
    next.location === known.location &&
    next.appointmentAt.getTime() === known.appointmentAt.getTime() &&
    next.changedBy === known.changedBy
  );
}

/**
 * If another escalation rule applies at the new place, the time for an answer starts again. Steps already taken stay
 * taken.
 */
function clockOfItsPlace(
  { arrival, effects }: ArrivalChange,
  { open, escalation, now }: Surroundings,
): ArrivalChange {
  const before = open.find(({ id }) => id === arrival.id);
  if (before === undefined || arrival.ended !== null || isAnswered(arrival)) return { arrival, effects };
  if (ruleFor(escalation, before) === ruleFor(escalation, arrival)) return { arrival, effects };
  if (effects.some((effect) => effect.do === "start-clock")) return { arrival, effects };
  return { arrival, effects: [...effects, { do: "start-clock", from: now }] };
}

function changesOf(known: Booking | null, next: Booking, around: Surroundings): ArrivalChange[] {
  const current = around.open.find((arrival) => slotOf(arrival, next.bookingId) !== undefined) ?? null;
  const presence = presenceOf(next.status);
  switch (presence) {
    case "waiting":
      if (current !== null) return stillHere(current, next, around);
      // The arrival ended without this booking: the other of two in a row went into session, or it was cleared at
      // night.
      if (known?.status === "arrived" && sameVisit(known, next)) return [];
      return [patientArrives(next, around)];
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

/** Since when the patient has been here, and who said so. */
type Coming = Pick<Slot, "arrivedAt" | "markedBy">;

const comingNow = ({ changedAt, changedBy }: Booking): Coming => ({
  arrivedAt: changedAt,
  markedBy: changedBy,
});

/** The patient has come: another booking of an arrival that nobody has acknowledged yet, or a new arrival. */
function patientArrives(
  booking: Booking,
  around: Surroundings,
  coming: Coming = comingNow(booking),
): ArrivalChange {
  const { arrivedAt, markedBy } = coming;
  const { bookingId, appointmentAt, location, utcOffset } = booking;
  const slot: Slot = { bookingId, appointmentAt, location, utcOffset, arrivedAt, markedBy };
  const beside = besideOf(booking, around);
  if (beside !== undefined) {
    const joined = withSlot({ ...beside, arrivedAt: earlier(beside.arrivedAt, arrivedAt) }, slot);
    const reportAgain = !beside.slots.some((other) => other.markedBy === booking.changedBy);
    return giveNotices(joined, booking, around, {
      drop: "nobody",
      edit: true,
      reportAgain: reportAgain && around.changerReachable,
    });
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
    arrivedAt,
    toldAt: around.now,
    ended: null,
    clockAt: around.now,
    escalations: [],
  };
  return onTheClock(
    giveNotices(arrival, booking, around, { drop: "nobody", edit: false, reportAgain: true }),
    around.now,
  );
}

const earlier = (one: Date, other: Date): Date => (one < other ? one : other);

const onTheClock = ({ arrival, effects }: ArrivalChange, from: Date): ArrivalChange => ({
  arrival,
  effects: [...effects, { do: "start-clock", from }],
});

/** One patient's bookings with the same doctor on one day share a notice until it is acknowledged. */
const besideOf = (booking: Booking, { open, day }: Surroundings): Arrival | undefined =>
  open.find(
    (arrival) =>
      sameVisit(arrival, booking) &&
      arrival.day === day &&
      slotOf(arrival, booking.bookingId) === undefined &&
      stateOf(arrival) !== "acknowledged",
  );

/** The booking has changed while the patient waits. */
function stillHere(arrival: Arrival, booking: Booking, around: Surroundings): ArrivalChange[] {
  if (sameVisit(arrival, booking)) return [corrected(arrival, booking, around)];
  const alone = arrival.slots.length === 1;
  if (alone && arrival.patientId === booking.patientId && besideOf(booking, around) === undefined) {
    return [reassigned(arrival, booking, around)];
  }
  return [
    leaves(arrival, booking.bookingId, "reassigned", around.now),
    // The time of arrival stays, and replies go to whoever welcomed the patient.
    patientArrives(booking, around, slotOf(arrival, booking.bookingId)),
  ];
}

const placeOf = ({ appointmentAt, location, utcOffset }: Booking) => ({ appointmentAt, location, utcOffset });

/** The same arrival as it is now: with another time, place or spelling of the name. */
function corrected(arrival: Arrival, booking: Booking, around: Surroundings): ArrivalChange {
  const before = slotOf(arrival, booking.bookingId);
  if (before === undefined) return { arrival, effects: [] };
  const slot: Slot = { ...before, ...placeOf(booking) };
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
  if (moved) {
    const drop = after.slots.length === 1 ? "recipients" : "nobody";
    return giveNotices(after, booking, around, { drop, edit: true, reportAgain: false });
  }
  return editShownNotices(after);
}

/**
 * Another doctor now has the patient: they take over the arrival, and the time for an answer starts again. Those called
 * in for the previous doctor do not answer for this one.
 */
function reassigned(arrival: Arrival, booking: Booking, around: Surroundings): ArrivalChange {
  const before = slotOf(arrival, booking.bookingId);
  const slot = before && { ...before, ...placeOf(booking) };
  const moved: Arrival = {
    ...(slot ? withSlot(arrival, slot) : arrival),
    patientName: booking.patientName ?? arrival.patientName,
    doctor: booking.doctor,
    day: around.day,
    notices: arrival.notices.map((notice) => ({ ...notice, toldAs: "recipient" })),
    clockAt: around.now,
    escalations: [],
  };
  return onTheClock(
    giveNotices(moved, booking, around, { drop: "everybody", edit: true, reportAgain: true }),
    around.now,
  );
}

/** One booking leaves. The arrival ends with its last booking, or when the patient is with the doctor. */
function leaves(arrival: Arrival, bookingId: string, ending: Ending, now: Date): ArrivalChange {
  const rest = arrival.slots.filter((slot) => slot.bookingId !== bookingId);
  const seen = ending === "in_session" || ending === "out_session" || ending === "closed";
  if (rest.length === 0 || seen) return endArrival(arrival, ending, now);
  return editShownNotices({ ...arrival, slots: rest });
}

/** The patient no longer waits. Everything people did stays in the record; unanswered notices are retracted. */
export function endArrival(arrival: Arrival, by: Ending, at: Date): ArrivalChange {
  const effects: ArrivalEffect[] = [];
  const notices = arrival.notices.map((notice) => {
    if (notice.shown) effects.push({ do: "take-down", username: notice.username });
    return retractNotice(notice, by, at);
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
