/** Anything that may happen to bookings and arrivals, and the world that results from the rules. */
import { expect } from "chai";
import fc from "fast-check";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, noticeToRecipient } from "../../../../src/arrivals/rules/arrival.ts";
import type { ArrivalChange } from "../../../../src/arrivals/rules/arrival-change.ts";
import { BOOKING_STATUSES, type Booking } from "../../../../src/arrivals/rules/booking.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import type { EscalationRule } from "../../../../src/arrivals/rules/escalation.ts";
import { ruleFor, takeEscalationStep } from "../../../../src/arrivals/rules/escalation.ts";
import { changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import type { ArrivalRecipient } from "../../../../src/policy/people/arrival-recipients.ts";
import { around, booking, directoryOf, JONES, minute, NURSE, named, SMITH, user } from "./builders.ts";

const GHOST = named("dr.ghost");
const BACKUP = named("dr.backup");

/** One event: HealthTrack sends a booking, or someone clicks. */
type Happening =
  | { readonly kind: "put"; readonly booking: Booking }
  | { readonly kind: "acknowledge" | "reply"; readonly who: 0 | 1 | 2 | 3; readonly nth: number }
  | { readonly kind: "nobody-answers"; readonly nth: number }
  | { readonly kind: "night" };

export const put = fc
  .record({
    bookingId: fc.constantFrom("b1", "b2", "b3"),
    status: fc.constantFrom(...BOOKING_STATUSES, "arrived" as const, "arrived" as const),
    patientId: fc.constantFrom("p1", "p1", "p2"),
    doctor: fc.constantFrom(JONES, SMITH, GHOST),
    location: fc.constantFrom("Main St", "North", null),
    appointmentAt: fc.constantFrom(minute(90), minute(105)),
    changedAt: fc.integer({ min: 0, max: 40 }).map(minute),
  })
  .map((changes): Happening => ({ kind: "put", booking: booking(changes) }));
const click = fc.record({
  kind: fc.constantFrom("acknowledge" as const, "reply" as const),
  who: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  nth: fc.nat(5),
});
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 3, arbitrary: click },
  {
    weight: 3,
    arbitrary: fc.nat(5).map((nth): Happening => ({ kind: "nobody-answers", nth })),
  },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: "night" }) },
);

const RULES: readonly EscalationRule[] = [
  { after: 1, backup: BACKUP },
  { location: "North", after: 1, backup: BACKUP, reception: NURSE },
];
const directory = directoryOf([JONES, SMITH, NURSE, BACKUP].map((username) => user(username)));

/** The nurse watches the north. The ghost is not in the directory. */
const recipientsOf = (next: Booking): ArrivalRecipient[] => [
  next.doctor === null || next.doctor === GHOST
    ? { username: GHOST, deliver: false, reason: "no-account" }
    : { username: next.doctor, deliver: true },
  ...(next.location === "North" ? [{ username: NURSE, deliver: true } as const] : []),
];

/** The world by the rules, and the rooms as the rules' effects would leave them. */
export class World {
  readonly known = new Map<string, Booking>();
  readonly arrivals = new Map<string, Arrival>();
  /** What each room shows: arrival, recipient and posting. */
  readonly rooms = new Set<string>();
  readonly everPosted = new Set<string>();
  #minutes = 80;

  happens(what: Happening): void {
    const now = minute(++this.#minutes);
    switch (what.kind) {
      case "put": {
        const open = [...this.arrivals.values()].filter((arrival) => arrival.ended === null);
        const before = this.known.get(what.booking.bookingId) ?? null;
        const patients = new Set([what.booking.patientId, before?.patientId]);
        const last = [...this.arrivals.values()].findLast(({ slots }) =>
          slots.some(({ bookingId }) => bookingId === what.booking.bookingId),
        );
        const outcome = changeBooking(
          before,
          what.booking,
          around({
            last: last ?? null,
            patientsBeside: (last?.slots ?? [])
              .filter(({ bookingId }) => bookingId !== what.booking.bookingId)
              .map(({ bookingId }) => this.known.get(bookingId)?.patientId ?? ""),
            open: open.filter(({ patientId }) => patients.has(patientId)),
            recipients: recipientsOf(what.booking),
            escalation: RULES,
            now,
          }),
        );
        if (!outcome.applied) return;
        this.known.set(what.booking.bookingId, what.booking);
        for (const change of outcome.changes) this.take(change);
        return;
      }
      case "night":
        for (const arrival of this.arrivals.values()) {
          if (arrival.ended === null) this.take(endArrival(arrival, "stale", now));
        }
        return;
      case "nobody-answers": {
        const arrival = [...this.arrivals.values()].at(-1 - what.nth);
        const rule = arrival && ruleFor(RULES, arrival);
        const change = arrival && rule && takeEscalationStep(arrival, rule, directory, now);
        if (change) this.take(change);
        return;
      }
      default: {
        const arrival = [...this.arrivals.values()].at(-1 - what.nth);
        const who = [JONES, SMITH, NURSE, BACKUP][what.who] ?? JONES;
        if (arrival === undefined) return;
        const change = (what.kind === "reply" ? replyToNotice : acknowledgeNotice)(arrival, who, now);
        if (change !== null) this.take(change);
      }
    }
  }

  take({ arrival, effects }: ArrivalChange): void {
    const before = this.arrivals.get(arrival.id);
    for (const notice of before?.notices ?? []) {
      // What a person did is never undone, except that a notice may come back to someone who had only replied.
      if (notice.progress.state === "acknowledged") {
        expect(noticeToRecipient(arrival, notice.username)?.progress.state).to.equal("acknowledged");
      }
    }
    this.arrivals.set(arrival.id, arrival);
    for (const effect of effects) {
      if (!("username" in effect)) continue;
      const notice = noticeToRecipient(arrival, effect.username);
      const place = `${arrival.id} ${effect.username} ${notice?.posting}`;
      switch (effect.do) {
        case "post":
          expect(this.everPosted.has(place), `posted twice: ${place}`).to.equal(false);
          this.everPosted.add(place);
          this.rooms.add(place);
          break;
        case "edit":
        case "nudge":
          expect(this.rooms.has(place), `edited without being there: ${place}`).to.equal(true);
          break;
        case "take-down":
          expect(this.rooms.delete(place), `taken down without being there: ${place}`).to.equal(true);
          break;
        case "report":
        case "report-lost":
        case "report-told":
          break;
        default:
          effect satisfies never;
      }
    }
  }
}
