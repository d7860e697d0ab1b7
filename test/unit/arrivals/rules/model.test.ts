import { expect } from "chai";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import type { Booking, BookingStatus } from "../../../../src/arrivals/rules/booking.ts";
import { changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import { type Life, livesOf } from "../../../chaos/arrivals/arrival-lives.ts";
import { PatientModel, STRANGER, WATCHER } from "../../../chaos/arrivals/arrival-model.ts";
import { around, booking, minute, named } from "../support/builders.ts";

/** One life by the rules and by the model that `npm run chaos` uses. @returns the state of both after each step. */
function lived({ wishes, doctors, bookings }: Life): { ought: string[]; is: string[] }[] {
  const known = new Map<string, Booking>();
  const arrivals = new Map<string, Arrival>();
  const model = new PatientModel();
  return wishes.map((wish, nth) => {
    const now = minute(100 + nth);
    const second = Math.floor(nth / 2);
    const bookingId = `b${wish.which < bookings ? wish.which : 0}`;
    if (wish.do === "put") {
      const doctor = doctors[wish.other ? 1 : 0];
      const next = booking({
        bookingId,
        status: wish.status as BookingStatus,
        doctor: named(doctor),
        changedAt: minute(second),
      });
      const outcome = changeBooking(
        known.get(bookingId) ?? null,
        next,
        around({
          now,
          open: [...arrivals.values()].filter(({ ended }) => ended === null),
          recipients: [
            doctor === STRANGER
              ? { username: named(doctor), deliver: false, reason: "no-account" }
              : { username: named(doctor), deliver: true },
            { username: named(WATCHER), deliver: true },
          ],
        }),
      );
      if (outcome.applied) {
        known.set(bookingId, next);
        for (const { arrival } of outcome.changes) arrivals.set(arrival.id, arrival);
      }
      model.take({ do: "put", booking: bookingId, status: wish.status, doctor, second });
    } else {
      const visit = model.visitOf(bookingId);
      const who = wish.watcher ? WATCHER : (visit?.doctor ?? "");
      const arrival = [...arrivals.values()].find(
        ({ ended, slots }) => ended === null && slots.some((slot) => slot.bookingId === bookingId),
      );
      const progress = visit?.shownTo(who)?.progress;
      if (visit !== undefined && (progress === "waiting" || (progress && wish.do === "acknowledge"))) {
        const change =
          arrival && (wish.do === "answer" ? replyToNotice : acknowledgeNotice)(arrival, named(who), now);
        if (change) arrivals.set(change.arrival.id, change.arrival);
        model.take({ do: wish.do, visit, who });
      }
    }
    return {
      ought: model.visits.map((visit) =>
        spelled(
          visit.state,
          visit.ended,
          [...visit.bookings],
          [...visit.told].map(
            ([username, { progress }]) =>
              `${username} ${progress} ${visit.shownTo(username) === null ? "" : "shown"}`,
          ),
        ),
      ),
      is: [...arrivals.values()].map((arrival) =>
        spelled(
          stateOf(arrival),
          arrival.ended?.by ?? null,
          arrival.slots.map((slot) => slot.bookingId),
          arrival.notices.map(
            ({ username, progress, shown }) => `${username} ${progress.state} ${shown ? "shown" : ""}`,
          ),
        ),
      ),
    };
  });
}

const spelled = (state: string, ended: string | null, bookings: string[], told: string[]): string =>
  `${state} ${ended} (${bookings.sort().join(" ")}) ${told.sort().join(", ")}`;

describe("the rules of arrivals", () => {
  it("match the model that the day of chaos is compared with", () => {
    for (const life of livesOf(6_000, 42)) {
      for (const { ought, is } of lived(life)) expect(is, JSON.stringify(life)).to.deep.equal(ought);
    }
  });
});
