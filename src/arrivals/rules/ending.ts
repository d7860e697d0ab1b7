/** How an arrival ends, or loses one of its bookings. Plain data in, plain data out. */

import type { Arrival, Ending } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import type { Booking } from "./booking.ts";
import { editShownNotices, retractNotice } from "./give-notices.ts";

/** What it means for the arrival that a booking leaves it. */
export function endingOf({ status }: Booking): Ending {
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

/** One booking leaves. The arrival ends with its last booking, or when the patient is with the doctor. */
export function leaves(arrival: Arrival, bookingId: string, ending: Ending, now: Date): ArrivalChange {
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
