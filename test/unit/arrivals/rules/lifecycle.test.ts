import { expect } from "chai";
import {
  type Arrival,
  type ArrivalState,
  type Ending,
  stateOf,
} from "../../../../src/arrivals/rules/arrival.ts";
import type { Booking, BookingStatus } from "../../../../src/arrivals/rules/booking.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import { changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import {
  around,
  arrived,
  booking,
  changesOf,
  JONES,
  MIA,
  minute,
  NURSE,
  named,
  only,
  progress,
  SMITH,
  spell,
  told,
} from "../support/builders.ts";
import { calledIn, doctorAt, later } from "../support/lifecycle.ts";

describe("a booking that changes", () => {
  describe("when the patient arrives", () => {
    it("gives a notice to everyone who should be told, and starts the clock", () => {
      const { arrival, effects } = only(
        changeBooking(null, booking(), around({ recipients: told(JONES, NURSE) })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones waiting", "nurse waiting"]);
      expect(spell(effects)).to.deep.equal(["post dr.jones", "post nurse", "start-clock"]);
      expect(stateOf(arrival)).to.equal("waiting");
      expect(arrival.markedBy).to.equal(MIA);
    });

    for (const before of ["booked", "confirmed", "cancelled", "no_show", "in_session", "closed"] as const) {
      it(`does so whatever its status was before: ${before}`, () => {
        const outcome = changeBooking(booking({ status: before }), later(), around());
        expect(spell(only(outcome).effects)).to.deep.equal(["post dr.jones", "start-clock"]);
      });
    }

    it("records a doctor who cannot be told, and tells whoever marked it", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "alerts-off" } as const, ...told(NURSE)];
      const { arrival, effects } = only(changeBooking(null, booking(), around({ recipients })));
      expect(progress(arrival)).to.deep.equal(["dr.jones undeliverable alerts-off", "nurse waiting"]);
      expect(effects[0]).to.deep.equal({ do: "report", username: JONES, reason: "alerts-off", to: MIA });
      // Someone was told, so the arrival waits for their answer.
      expect(stateOf(arrival)).to.equal("waiting");
    });

    it("is undeliverable if no one can be told", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "no-account" } as const];
      const { arrival, effects } = only(
        changeBooking(null, booking(), around({ recipients, changerReachable: false })),
      );
      expect(stateOf(arrival)).to.equal("undeliverable");
      expect(spell(effects)).to.deep.equal(["start-clock"]);
      expect(arrival.notices[0]?.progress).to.include({ reported: false });
    });
  });

  describe("by HealthTrack's clock", () => {
    it("changes nothing if it is older", () => {
      expect(
        changeBooking(booking(), booking({ changedAt: minute(79), status: "cancelled" }), around()),
      ).to.deep.equal({
        applied: false,
      });
    });

    it("changes nothing if it is a repeat with the same time", () => {
      expect(changeBooking(booking(), booking(), around())).to.deep.equal({ applied: false });
    });

    it("applies two changes with the same time in the order in which they arrive", () => {
      const change = only(
        changeBooking(booking(), booking({ status: "cancelled" }), around({ open: [arrived()] })),
      );
      expect(progress(change.arrival)).to.deep.equal(["dr.jones retracted cancelled"]);
    });

    for (const changes of [
      { status: "cancelled" },
      { patientId: "p2" },
      { patientName: null },
      { doctor: SMITH },
      { location: "North" },
      { appointmentAt: minute(91) },
      { changedBy: NURSE },
    ] satisfies Partial<Booking>[]) {
      it(`is not a repeat if it has the same time and a different ${Object.keys(changes).join()}`, () => {
        expect(changeBooking(booking(), booking(changes), around()).applied).to.equal(true);
      });
    }

    it("changes nothing visible if only the time of change is newer", () => {
      const open = [arrived()];
      expect(only(changeBooking(booking(), later(), around({ open }))).effects).to.deep.equal([]);
    });
  });

  describe("when the patient is no longer waiting", () => {
    const cases: ReadonlyArray<readonly [BookingStatus, Ending]> = [
      ["booked", "unarrived"],
      ["confirmed", "unarrived"],
      ["cancelled", "cancelled"],
      ["no_show", "no_show"],
      ["in_session", "in_session"],
      ["out_session", "out_session"],
      ["closed", "closed"],
    ];
    const outcomes: ReadonlyArray<readonly ["waiting" | "replied" | "acknowledged", ArrivalState, string[]]> =
      [
        ["waiting", "retracted", ["take-down dr.jones"]],
        ["replied", "replied", ["take-down dr.jones"]],
        ["acknowledged", "acknowledged", []],
      ];
    for (const [status, ending] of cases) {
      for (const [from, state, effects] of outcomes) {
        it(`${from} -> ${status}: ${state}`, () => {
          const open = [doctorAt(from)];
          const change = only(changeBooking(booking(), later({ status }), around({ open, now: minute(85) })));
          expect(stateOf(change.arrival)).to.equal(state);
          expect(spell(change.effects)).to.deep.equal(effects);
          expect(change.arrival.ended).to.deep.equal({ by: ending, at: minute(85) });
          expect(change.arrival.notices.some((notice) => notice.shown)).to.equal(false);
        });
      }
    }

    it("says on the notice why it was retracted", () => {
      const { arrival } = only(
        changeBooking(booking(), later({ status: "no_show" }), around({ open: [arrived()] })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones retracted no_show"]);
    });

    it("changes nothing if nobody was waiting", () => {
      const outcome = changeBooking(booking({ status: "booked" }), later({ status: "cancelled" }), around());
      expect(changesOf(outcome)).to.deep.equal([]);
    });

    it("starts a new arrival when the patient returns", () => {
      const { arrival } = only(changeBooking(booking({ status: "booked" }), later(), around()));
      expect(arrival.id).not.to.equal(arrived().id);
      expect(progress(arrival)).to.deep.equal(["dr.jones waiting"]);
    });
  });

  describe("while the patient is waiting", () => {
    it("shows a changed time on the same notice", () => {
      const { arrival, effects } = only(
        changeBooking(booking(), later({ appointmentAt: minute(120) }), around({ open: [arrived()] })),
      );
      expect(spell(effects)).to.deep.equal(["edit dr.jones"]);
      expect(arrival.slots[0]?.appointmentAt).to.deep.equal(minute(120));
    });

    it("tells people at the new location, and no longer those at the old one", () => {
      const there = named("nurse.north");
      const { arrival, effects } = only(
        changeBooking(
          booking(),
          later({ location: "North" }),
          around({ open: [arrived({}, told(JONES, NURSE))], recipients: told(JONES, there) }),
        ),
      );
      expect(progress(arrival)).to.deep.equal([
        "dr.jones waiting",
        "nurse retracted reassigned",
        "nurse.north waiting",
      ]);
      expect(spell(effects)).to.deep.equal(["edit dr.jones", "take-down nurse", "post nurse.north"]);
    });

    it("does not show an acknowledged notice again because of a new location", () => {
      const open = [doctorAt("acknowledged")];
      const { arrival, effects } = only(
        changeBooking(booking(), later({ location: "North" }), around({ open })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones acknowledged"]);
      expect(effects).to.deep.equal([]);
    });

    it("does not report the same thing twice", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "alerts-off" } as const];
      const open = [arrived({}, recipients as never)];
      const change = only(
        changeBooking(booking(), later({ location: "North" }), around({ open, recipients })),
      );
      expect(change.effects).to.deep.equal([]);
    });

    it("reports it again if the person who changes it can be told and no one could before", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "no-account" } as const];
      const before = only(
        changeBooking(null, booking(), around({ recipients, changerReachable: false })),
      ).arrival;
      const moved = (changerReachable: boolean) =>
        only(
          changeBooking(
            booking(),
            later({ location: "North", changedBy: NURSE }),
            around({ open: [before], recipients, changerReachable }),
          ),
        );
      expect(moved(true).effects).to.deep.equal([
        { do: "report", username: JONES, reason: "no-account", to: NURSE },
      ]);
      expect(moved(true).arrival.notices[0]?.progress).to.include({ reported: true });
      expect(moved(false).effects).to.deep.equal([]);
    });

    it("keeps the notices of people who were called in", () => {
      const open = [calledIn(arrived({}, told(JONES, NURSE)), "backup")];
      const { arrival, effects } = only(
        changeBooking(booking(), later({ location: "North" }), around({ open })),
      );
      expect(progress(arrival)).to.deep.equal([
        "dr.jones waiting",
        "nurse retracted reassigned",
        "reception waiting",
      ]);
      expect(spell(effects)).to.deep.equal(["edit dr.jones", "take-down nurse", "edit reception"]);
    });

    describe("to a location with a different escalation rule", () => {
      const escalation = [{ after: 1 }, { location: "North", after: 2 }, { location: "Main St", after: 1 }];
      const toNorth = (open: Arrival[], rules = escalation) =>
        only(changeBooking(booking(), later({ location: "North" }), around({ open, escalation: rules })));

      it("restarts the time for an answer", () => {
        const { arrival, effects } = toNorth([arrived()]);
        expect(effects.at(-1)).to.deep.equal({ do: "start-clock", from: minute(80) });
        expect(arrival.clockAt).to.deep.equal(arrived().clockAt);
      });

      it("does so even if there was none", () => {
        expect(spell(toNorth([arrived()], escalation.slice(1, 2)).effects)).to.include("start-clock");
      });

      it("does not if it is answered, or the rule is the same", () => {
        expect(spell(toNorth([doctorAt("replied")]).effects)).not.to.include("start-clock");
        expect(spell(toNorth([arrived()], [{ after: 1 }]).effects)).not.to.include("start-clock");
      });
    });

    it("does not show an acknowledged notice again", () => {
      const open = [doctorAt("acknowledged")];
      const change = only(changeBooking(booking(), later({ appointmentAt: minute(120) }), around({ open })));
      expect(change.effects).to.deep.equal([]);
    });
  });

  it("ends a stale arrival like any other", () => {
    const { arrival, effects } = endArrival(arrived(), "stale", minute(800));
    expect(progress(arrival)).to.deep.equal(["dr.jones retracted stale"]);
    expect(spell(effects)).to.deep.equal(["take-down dr.jones"]);
  });
});
