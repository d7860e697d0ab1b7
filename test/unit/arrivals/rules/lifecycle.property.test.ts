import { expect } from "chai";
import fc from "fast-check";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import {
  type Arrival,
  isAnswered,
  noticeToRecipient,
  stateOf,
} from "../../../../src/arrivals/rules/arrival.ts";
import type { ArrivalChange } from "../../../../src/arrivals/rules/arrival-change.ts";
import { BOOKING_STATUSES, type Booking } from "../../../../src/arrivals/rules/booking.ts";
import type { EscalationRule } from "../../../../src/arrivals/rules/escalation.ts";
import { ruleFor, takeEscalationStep } from "../../../../src/arrivals/rules/escalation.ts";
import { changeBooking, endArrival } from "../../../../src/arrivals/rules/lifecycle.ts";
import type { ArrivalRecipient } from "../../../../src/policy/people/arrival-recipients.ts";
import {
  around,
  booking,
  directoryOf,
  JONES,
  minute,
  NURSE,
  named,
  SMITH,
  user,
} from "../support/builders.ts";

const GHOST = named("dr.ghost");
const BACKUP = named("dr.backup");

/** One thing that happens: HealthTrack sends a booking, or somebody clicks. */
type Happening =
  | { readonly kind: "put"; readonly booking: Booking }
  | { readonly kind: "acknowledge" | "reply"; readonly who: 0 | 1 | 2 | 3; readonly nth: number }
  | { readonly kind: "nobody-answers"; readonly nth: number }
  | { readonly kind: "night" };

const put = fc
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
const happening: fc.Arbitrary<Happening> = fc.oneof(
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

/** The nurse watches the north; the ghost is nobody whom the directory knows. */
const recipientsOf = (next: Booking): ArrivalRecipient[] => [
  next.doctor === GHOST
    ? { username: GHOST, deliver: false, reason: "no-account" }
    : { username: next.doctor, deliver: true },
  ...(next.location === "North" ? [{ username: NURSE, deliver: true } as const] : []),
];

/** The world as the rules make it, and the rooms as what they ask for would make them. */
class World {
  readonly known = new Map<string, Booking>();
  readonly arrivals = new Map<string, Arrival>();
  /** What stands in each room: arrival, recipient and posting. */
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
        const outcome = changeBooking(
          before,
          what.booking,
          around({
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
      // What a person did is never undone, but by coming back to somebody who had only replied.
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

const runs = { numRuns: 1_000 };

describe("whatever happens to bookings", () => {
  const holds = (check: (world: World) => void) => () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60, size: "max" }), (happenings) => {
        const world = new World();
        for (const each of happenings) world.happens(each);
        check(world);
      }),
      runs,
    );
  };

  it(
    "a room holds exactly the notices that are shown, none twice, none left behind",
    holds((world) => {
      const shown = [...world.arrivals.values()].flatMap(({ id, notices }) =>
        notices
          .filter((notice) => notice.shown)
          .map(({ username, posting }) => `${id} ${username} ${posting}`),
      );
      expect([...world.rooms].sort()).to.deep.equal(shown.sort());
    }),
  );

  it(
    "what has ended is shown to nobody, and nobody waits",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (arrival.ended === null) continue;
        expect(arrival.notices.filter((notice) => notice.shown)).to.deep.equal([]);
        expect(stateOf(arrival)).not.to.be.oneOf(["waiting", "escalated"]);
      }
    }),
  );

  it(
    "what has not ended waits for somebody, was answered, or nobody can be told",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (arrival.ended !== null) continue;
        const state = stateOf(arrival);
        expect(state).not.to.equal("retracted");
        const someoneWaits = arrival.notices.some(({ shown }) => shown);
        if (!someoneWaits) expect(state).to.be.oneOf(["acknowledged", "undeliverable"]);
      }
    }),
  );

  it(
    "a step is taken once, and none after it was said that nobody has answered",
    holds((world) => {
      for (const { escalations } of world.arrivals.values()) {
        const kinds = escalations.map(({ kind }) => kind);
        expect(new Set(kinds).size).to.equal(kinds.length);
        if (kinds.includes("nobody")) expect(kinds.at(-1)).to.equal("nobody");
      }
    }),
  );

  it(
    "once it is answered nobody who was called in is still asked",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (!isAnswered(arrival)) continue;
        const asked = arrival.notices.filter(
          ({ toldAs, username, progress }) =>
            toldAs !== "recipient" && username !== arrival.doctor && progress.state === "waiting",
        );
        expect(asked).to.deep.equal([]);
      }
    }),
  );

  it(
    "a booking is in at most one open arrival, of its own patient and doctor, and only while it is arrived",
    holds((world) => {
      const open = [...world.arrivals.values()].filter((arrival) => arrival.ended === null);
      const slots = open.flatMap((arrival) => arrival.slots.map((slot) => ({ arrival, slot })));
      expect(new Set(slots.map(({ slot }) => slot.bookingId)).size).to.equal(slots.length);
      for (const { arrival, slot } of slots) {
        expect(world.known.get(slot.bookingId)).to.include({
          status: "arrived",
          patientId: arrival.patientId,
          doctor: arrival.doctor,
          location: slot.location,
        });
      }
    }),
  );

  it(
    "one recipient has one notice for an arrival",
    holds((world) => {
      for (const { notices } of world.arrivals.values()) {
        expect(new Set(notices.map(({ username }) => username)).size).to.equal(notices.length);
      }
    }),
  );

  it("the order in which HealthTrack's messages come does not matter to where the patient is in the end", () => {
    const many = fc.uniqueArray(put, {
      maxLength: 12,
      selector: (each) => (each.kind === "put" ? each.booking.changedAt.getTime() : 0),
    });
    const two = many.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(two, ([one, other]) => {
        const ends = [one, other].map((happenings) => {
          const world = new World();
          // One booking, so that no other one ends its arrival.
          for (const each of happenings) {
            if (each.kind === "put")
              world.happens({ ...each, booking: { ...each.booking, bookingId: "b1" } });
          }
          const waits = [...world.arrivals.values()].find((arrival) => arrival.ended === null);
          return [
            world.known,
            waits && [waits.patientId, waits.doctor, waits.slots.map((slot) => slot.location)],
          ];
        });
        expect(ends[0]).to.deep.equal(ends[1]);
      }),
      runs,
    );
  });
});
