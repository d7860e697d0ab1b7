import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import type { Arrival } from "../../../../src/arrivals/rules/arrival.ts";
import type { Booking } from "../../../../src/arrivals/rules/booking.ts";
import { noticeToPost } from "../../../../src/arrivals/rules/give-notices.ts";
import { changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import { around, arrived, booking, JONES, minute, named, only } from "./builders.ts";

/** Bookings and arrivals that the lifecycle tests start from. */
export const later = (changes: Partial<Booking> = {}): Booking =>
  booking({ changedAt: minute(85), ...changes });

/** The doctor has got as far as `state`. */
export function doctorAt(state: "waiting" | "replied" | "acknowledged"): Arrival {
  const arrival = arrived();
  if (state === "waiting") return arrival;
  const change = (state === "replied" ? replyToNotice : acknowledgeNotice)(arrival, JONES, minute(82));
  if (change === null) throw new Error("nothing changed");
  return change.arrival;
}

export const RECEPTION = named("reception");

export function calledIn(arrival: Arrival, toldAs: "backup" | "reception"): Arrival {
  const notice = { ...noticeToPost(RECEPTION, minute(81)), toldAs, shown: true };
  return {
    ...arrival,
    notices: [...arrival.notices, notice],
    escalations: [{ kind: toldAs, label: "Reception", told: true, at: minute(81) }],
  };
}

export function withTwo(): Arrival {
  const next = booking({ bookingId: "b2", appointmentAt: minute(105), changedAt: minute(81) });
  return only(changeBooking(null, next, around({ open: [arrived()] }))).arrival;
}
