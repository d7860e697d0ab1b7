/**
 * What a change of a booking does to arrivals and their notices (docs/product-text.md#patient-arrivals;
 * docs/arrivals.md has the rules that it leaves open). Plain data in, plain data out: new arrivals, and what to do in
 * rooms.
 */

import { type Arrival, isAnswered, type Slot, stateOf } from "./arrival.ts";
import type { ArrivalChange } from "./arrival-change.ts";
import { type Booking, presenceOf } from "./booking.ts";
import {
  besideOf,
  comesOrNot,
  onTheClock,
  patientArrives,
  placeOf,
  type Surroundings,
  sameDetails,
  sameVisit,
  slotOf,
  withSlot,
} from "./coming.ts";
import { endingOf, leaves } from "./ending.ts";
import { ruleFor } from "./escalation.ts";
import { editShownNotices, giveNotices } from "./give-notices.ts";
import { onlyPatientOver, patientOfEnded, withLinksTo, withPatient } from "./patient-merged.ts";

export type BookingOutcome =
  | { readonly applied: false }
  | { readonly applied: true; readonly changes: readonly ArrivalChange[] };

/**
 * HealthTrack's own clock decides which change is newest: an older change, or a repeat, changes nothing. That clock may
 * count in whole seconds, so two changes with the same time are applied in the order they arrive.
 */
export function changeBooking(known: Booking | null, next: Booking, around: Surroundings): BookingOutcome {
  if (known !== null && !isNews(known, next)) return { applied: false };
  const changes = changesOf(known, next, around);
  if (changes === null) return { applied: false };
  return {
    applied: true,
    changes: changes.map((change) => unattended(clockOfItsPlace(change, around), around)),
  };
}

function isNews(known: Booking, next: Booking): boolean {
  if (next.changedAt.getTime() !== known.changedAt.getTime()) return next.changedAt > known.changedAt;
  return !(sameDetails(known, next) && next.changedBy === known.changedBy);
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

/**
 * Reports once that nobody is told of a patient without a doctor: when they come, or when the last person with the
 * notice loses it.
 */
function unattended(
  { arrival, effects }: ArrivalChange,
  { open, recipients, now }: Surroundings,
): ArrivalChange {
  const before = open.find(({ id }) => id === arrival.id);
  const seen = (one: Arrival) => one.notices.some(({ shown }) => shown);
  if (arrival.doctor !== null || arrival.ended !== null || isAnswered(arrival)) return { arrival, effects };
  if (recipients.length > 0 || seen(arrival)) return { arrival, effects };
  if (before?.doctor === null && !seen(before)) return { arrival, effects };
  return { arrival, effects: [...effects, { do: "report-unattended", at: now }] };
}

/** Null: the change is not news. */
function changesOf(known: Booking | null, next: Booking, around: Surroundings): ArrivalChange[] | null {
  const current = around.open.find((arrival) => slotOf(arrival, next.bookingId) !== undefined) ?? null;
  if (current === null && onlyPatientOver(known, next, around)) return patientOfEnded(next, around);
  const presence = presenceOf(next.status);
  switch (presence) {
    case "waiting":
      return current === null ? comesOrNot(known, next, around) : stillHere(current, next, around);
    case "seen":
    case "expected":
    case "not-coming": {
      if (current === null) return [];
      const change = leaves(current, next.bookingId, endingOf(next), around.now);
      return [change.arrival.ended === null ? change : withPatient(change, next, around)];
    }
    default:
      return presence satisfies never;
  }
}

/** The booking has changed while the patient waits. */
function stillHere(arrival: Arrival, booking: Booking, around: Surroundings): ArrivalChange[] {
  if (sameVisit(arrival, booking)) return [corrected(arrival, booking, around)];
  const alone = arrival.slots.length === 1 && besideOf(booking, around) === undefined;
  const samePatient = arrival.patientId === booking.patientId;
  if (alone && samePatient) return [reassigned(arrival, booking, around)];
  // Patients were merged, or the wrong one was chosen: what was answered stays answered.
  const kept = !samePatient && arrival.doctor === booking.doctor && isAnswered(arrival);
  if (alone && kept) return [ofAnotherPatient(arrival, booking, around)];
  const left = leaves(arrival, booking.bookingId, "reassigned", around.now);
  const acknowledged = kept && stateOf(arrival) === "acknowledged";
  return [
    left.arrival.ended === null || samePatient ? left : withLinksTo(left, booking.patientId),
    // The time of arrival stays, and replies go to whoever welcomed the patient.
    patientArrives(booking, around, slotOf(arrival, booking.bookingId), acknowledged ? arrival : null),
  ];
}

/** The same arrival under another patient's id. */
function ofAnotherPatient(arrival: Arrival, booking: Booking, around: Surroundings): ArrivalChange {
  const { patientId, patientName } = booking;
  const change = corrected({ ...arrival, patientId, patientName }, booking, around);
  return withLinksTo(change.effects.length > 0 ? change : editShownNotices(change.arrival), patientId);
}

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
    const drop = after.slots.length > 1 ? "nobody" : calledIn(after) ? "recipients" : "everybody";
    return giveNotices(after, booking, around, { drop, edit: true, reportAgain: false });
  }
  return editShownNotices(after);
}

/** Has escalation told anyone? Otherwise, those who were told as reception belong to the previous place. */
const calledIn = ({ escalations }: Arrival): boolean => escalations.some(({ kind }) => kind !== "nudge");

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
