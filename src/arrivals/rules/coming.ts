/** How an arrival begins, or gets another booking. Plain data in, plain data out. */

import { type Arrival, type ArrivalId, type Slot, stateOf } from "./arrival.ts";
import type { ArrivalChange } from "./arrival-change.ts";
import type { Booking } from "./booking.ts";
import { endArrival } from "./ending.ts";
import type { EscalationRule } from "./escalation.ts";
import { giveNotices, type NoticeAudience } from "./give-notices.ts";

/** The context of the booking's change. */
export interface Surroundings extends NoticeAudience {
  /** The open arrivals of the patient now and of the previous patient. */
  readonly open: readonly Arrival[];
  /** The arrival that the booking is part of, or was part of last. */
  readonly last: Arrival | null;
  /** The patients of that arrival's other bookings, as they are now. */
  readonly patientsBeside: readonly string[];
  /** The practice's day of the appointment. */
  readonly day: string;
  /** For an arrival that begins. */
  readonly newId: ArrivalId;
  /** What the practice does when nobody answers. */
  readonly escalation: readonly EscalationRule[];
  /** If the booking says that the patient has come: that was too long ago to tell anyone. */
  readonly tooLate: boolean;
}

/** HealthTrack's times may be whole seconds. Milliseconds. */
const SECOND = 1_000;

/**
 * A booking that is in no arrival says that the patient is here. It may have said so before, and the arrival ended
 * without it: the other of two in a row went into session, or it was cleared at night. Someone who marks it again,
 * later, says that the patient is waiting again. Another time or place only corrects it. @returns null: a retry.
 */
export function comesOrNot(
  known: Booking | null,
  next: Booking,
  around: Surroundings,
): ArrivalChange[] | null {
  if (known?.status !== "arrived" || !sameVisit(known, next)) return [comes(next, around)];
  if (!sameDetails(known, next) || around.tooLate) return [];
  if (next.changedAt.getTime() - known.changedAt.getTime() >= SECOND) return [comes(next, around)];
  return next.changedBy === known.changedBy ? null : [];
}

/** What comes too late is only recorded, unless the patient is in the waiting room for the same doctor. */
function comes(booking: Booking, around: Surroundings): ArrivalChange {
  if (!around.tooLate || besideOf(booking, around) !== undefined) return patientArrives(booking, around);
  return endArrival(newArrival(booking, comingNow(booking), around), "stale", around.now);
}

export const sameDetails = (known: Booking, next: Booking): boolean =>
  next.status === known.status &&
  sameVisit(known, next) &&
  next.patientName === known.patientName &&
  next.location === known.location &&
  next.appointmentAt.getTime() === known.appointmentAt.getTime();

export const sameVisit = (
  one: Pick<Booking, "patientId" | "doctor">,
  other: Pick<Booking, "patientId" | "doctor">,
): boolean => one.patientId === other.patientId && one.doctor === other.doctor;

export const slotOf = (arrival: Arrival, bookingId: string): Slot | undefined =>
  arrival.slots.find((slot) => slot.bookingId === bookingId);

/** Since when the patient has been here, and who said so. */
type Coming = Pick<Slot, "arrivedAt" | "markedBy">;

const comingNow = ({ changedAt, changedBy }: Booking): Coming => ({
  arrivedAt: changedAt,
  markedBy: changedBy,
});

/**
 * The patient has come: another booking of an arrival that nobody has acknowledged yet, or a new arrival.
 * @param from the acknowledged arrival that it was part of under another patient's id.
 */
export function patientArrives(
  booking: Booking,
  around: Surroundings,
  coming: Coming = comingNow(booking),
  from: Arrival | null = null,
): ArrivalChange {
  const beside = besideOf(booking, around);
  if (beside !== undefined) {
    const arrivedAt = earlier(beside.arrivedAt, coming.arrivedAt);
    const joined = withSlot({ ...beside, arrivedAt }, newSlot(booking, coming));
    const reportAgain = !beside.slots.some((other) => other.markedBy === booking.changedBy);
    return giveNotices(joined, booking, around, {
      drop: "nobody",
      edit: true,
      reportAgain: reportAgain && around.changerReachable,
    });
  }
  return onTheClock(
    giveNotices({ ...newArrival(booking, coming, around), ...acknowledgedIn(from) }, booking, around, {
      drop: "nobody",
      edit: false,
      reportAgain: true,
    }),
    around.now,
  );
}

/** What was acknowledged there stays acknowledged. */
const acknowledgedIn = (from: Arrival | null): Partial<Arrival> =>
  from === null
    ? {}
    : {
        toldAt: from.toldAt,
        clockAt: from.clockAt,
        notices: from.notices.filter(({ progress }) => progress.state === "acknowledged"),
      };

const newSlot = (booking: Booking, { arrivedAt, markedBy }: Coming): Slot => ({
  bookingId: booking.bookingId,
  ...placeOf(booking),
  arrivedAt,
  markedBy,
});

/** An arrival that nobody has been told of yet. */
const newArrival = (booking: Booking, coming: Coming, { newId, day, now }: Surroundings): Arrival => ({
  id: newId,
  patientId: booking.patientId,
  patientName: booking.patientName,
  doctor: booking.doctor,
  day,
  slots: [newSlot(booking, coming)],
  notices: [],
  markedBy: coming.markedBy,
  arrivedAt: coming.arrivedAt,
  toldAt: now,
  ended: null,
  clockAt: now,
  escalations: [],
});

const earlier = (one: Date, other: Date): Date => (one < other ? one : other);

export const onTheClock = ({ arrival, effects }: ArrivalChange, from: Date): ArrivalChange => ({
  arrival,
  effects: [...effects, { do: "start-clock", from }],
});

/** One patient's bookings with the same doctor on one day share a notice until it is acknowledged. */
export const besideOf = (booking: Booking, { open, day }: Surroundings): Arrival | undefined =>
  open.find(
    (arrival) =>
      sameVisit(arrival, booking) &&
      arrival.day === day &&
      slotOf(arrival, booking.bookingId) === undefined &&
      stateOf(arrival) !== "acknowledged",
  );

export const placeOf = ({ appointmentAt, location, utcOffset }: Booking) => ({
  appointmentAt,
  location,
  utcOffset,
});

export const withSlot = (arrival: Arrival, slot: Slot): Arrival => ({
  ...arrival,
  slots: [...arrival.slots.filter((other) => other.bookingId !== slot.bookingId), slot].sort(
    (one, other) =>
      one.appointmentAt.getTime() - other.appointmentAt.getTime() ||
      (one.bookingId < other.bookingId ? -1 : 1),
  ),
});
