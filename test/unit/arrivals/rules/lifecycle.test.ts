import { expect } from "chai";
import { acknowledge, reply } from "../../../../src/arrivals/rules/answers.ts";
import {
  type Arrival,
  type ArrivalState,
  type Ending,
  stateOf,
} from "../../../../src/arrivals/rules/arrival.ts";
import type { Booking, BookingStatus } from "../../../../src/arrivals/rules/booking.ts";
import { changeBooking, endArrival } from "../../../../src/arrivals/rules/lifecycle.ts";
import { unposted } from "../../../../src/arrivals/rules/telling.ts";
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

const later = (changes: Partial<Booking> = {}): Booking => booking({ changedAt: minute(85), ...changes });

/** The doctor has got as far as `state`. */
function doctorAt(state: "waiting" | "replied" | "acknowledged"): Arrival {
  const arrival = arrived();
  if (state === "waiting") return arrival;
  const change = (state === "replied" ? reply : acknowledge)(arrival, JONES, minute(82));
  if (change === null) throw new Error("nothing changed");
  return change.arrival;
}

describe("a booking that changes", () => {
  describe("when the patient arrives", () => {
    it("gives a notice to everybody who is to be told, and starts the clock", () => {
      const { arrival, effects } = only(
        changeBooking(null, booking(), around({ recipients: told(JONES, NURSE) })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones waiting", "nurse waiting"]);
      expect(spell(effects)).to.deep.equal(["post dr.jones", "post nurse", "start-clock"]);
      expect(stateOf(arrival)).to.equal("waiting");
      expect(arrival.markedBy).to.equal(MIA);
    });

    for (const before of ["booked", "confirmed", "cancelled", "no_show", "in_session", "closed"] as const) {
      it(`does so whatever it was before: ${before}`, () => {
        const outcome = changeBooking(booking({ status: before }), later(), around());
        expect(spell(only(outcome).effects)).to.deep.equal(["post dr.jones", "start-clock"]);
      });
    }

    it("records a doctor who cannot be told, and tells whoever marked it", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "alerts-off" } as const, ...told(NURSE)];
      const { arrival, effects } = only(changeBooking(null, booking(), around({ recipients })));
      expect(progress(arrival)).to.deep.equal(["dr.jones undeliverable alerts-off", "nurse waiting"]);
      expect(effects[0]).to.deep.equal({ do: "report", username: JONES, reason: "alerts-off", to: MIA });
      // Somebody was told, so the arrival waits for an answer of theirs.
      expect(stateOf(arrival)).to.equal("waiting");
    });

    it("is undeliverable when nobody can be told", () => {
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
    it("changes nothing when it is older", () => {
      expect(
        changeBooking(booking(), booking({ changedAt: minute(79), status: "cancelled" }), around()),
      ).to.deep.equal({
        applied: false,
      });
    });

    it("changes nothing when it is as old and the same: sent twice is sent once", () => {
      expect(changeBooking(booking(), booking(), around())).to.deep.equal({ applied: false });
    });

    it("takes two changes of one moment in the order in which they come", () => {
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
      it(`is no repetition at the same moment with another ${Object.keys(changes).join()}`, () => {
        expect(changeBooking(booking(), booking(changes), around()).applied).to.equal(true);
      });
    }

    it("changes nothing that is seen when only the time of change is newer", () => {
      const open = [arrived()];
      expect(only(changeBooking(booking(), later(), around({ open }))).effects).to.deep.equal([]);
    });
  });

  describe("when the patient no longer waits", () => {
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

    it("says on the notice why it was taken back", () => {
      const { arrival } = only(
        changeBooking(booking(), later({ status: "no_show" }), around({ open: [arrived()] })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones retracted no_show"]);
    });

    it("touches nothing when nobody waited", () => {
      const outcome = changeBooking(booking({ status: "booked" }), later({ status: "cancelled" }), around());
      expect(changesOf(outcome)).to.deep.equal([]);
    });

    it("begins a new arrival when the patient comes again", () => {
      const { arrival } = only(changeBooking(booking({ status: "booked" }), later(), around()));
      expect(arrival.id).not.to.equal(arrived().id);
      expect(progress(arrival)).to.deep.equal(["dr.jones waiting"]);
    });
  });

  describe("when another doctor takes the booking", () => {
    const toSmith = (open: Arrival[], recipients = told(SMITH)) =>
      only(
        changeBooking(
          booking(),
          later({ doctor: SMITH, changedBy: NURSE }),
          around({ open, recipients, now: minute(85) }),
        ),
      );

    it("moves the notice, and the clock starts anew", () => {
      const before = arrived();
      const { arrival, effects } = toSmith([before]);
      expect(arrival.id).to.equal(before.id);
      expect(progress(arrival)).to.deep.equal(["dr.jones retracted reassigned", "dr.smith waiting"]);
      expect(spell(effects)).to.deep.equal(["take-down dr.jones", "post dr.smith", "start-clock"]);
      expect([arrival.doctor, stateOf(arrival), arrival.clockAt]).to.deep.equal([
        SMITH,
        "waiting",
        minute(85),
      ]);
      // The patient came when they came, and replies go to whoever welcomed them.
      expect([arrival.arrivedAt, arrival.markedBy]).to.deep.equal([before.arrivedAt, MIA]);
    });

    it("tells the new doctor also when the old one had acknowledged, whose record stays", () => {
      const { arrival, effects } = toSmith([doctorAt("acknowledged")]);
      expect(progress(arrival)).to.deep.equal(["dr.jones acknowledged", "dr.smith waiting"]);
      expect(spell(effects)).to.deep.equal(["post dr.smith", "start-clock"]);
      expect(stateOf(arrival)).to.equal("waiting");
    });

    it("changes the notice of those who are told of both", () => {
      const { arrival, effects } = toSmith([arrived({}, told(JONES, NURSE))], told(SMITH, NURSE));
      expect(progress(arrival)).to.deep.equal([
        "dr.jones retracted reassigned",
        "nurse waiting",
        "dr.smith waiting",
      ]);
      expect(spell(effects)).to.include.members(["edit nurse", "take-down dr.jones", "post dr.smith"]);
    });

    it("posts anew when the booking comes back", () => {
      const { arrival: away } = toSmith([arrived()]);
      const back = only(
        changeBooking(later({ doctor: SMITH }), booking({ changedAt: minute(88) }), around({ open: [away] })),
      );
      expect(progress(back.arrival)).to.deep.equal(["dr.jones waiting", "dr.smith retracted reassigned"]);
      expect(back.arrival.notices.map(({ posting }) => posting)).to.deep.equal([2, 1]);
    });

    it("reports a new doctor who cannot be told to whoever made the change", () => {
      const { effects } = toSmith(
        [arrived()],
        [{ username: SMITH, deliver: false, reason: "inactive" } as never],
      );
      expect(effects).to.deep.include({ do: "report", username: SMITH, reason: "inactive", to: NURSE });
    });

    it("reports one who cannot be told anew to whoever gives them the booking again", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as const];
      const { arrival: away } = toSmith([arrived()], ghost as never);
      const { arrival: back } = only(
        changeBooking(later({ doctor: SMITH }), booking({ changedAt: minute(88) }), around({ open: [away] })),
      );
      expect(spell(toSmith([back], ghost as never).effects)).to.include("report dr.smith");
    });

    it("does not take the answer of those who were called in for the doctor before", () => {
      const before = calledIn(arrived({}, told(JONES, NURSE)), "reception");
      const answered = acknowledge(before, RECEPTION, minute(82))?.arrival ?? before;
      expect(stateOf(answered)).to.equal("acknowledged");
      const { arrival } = toSmith([answered], told(SMITH, NURSE));
      expect(stateOf(arrival)).to.equal("waiting");
      expect(arrival.notices.map(({ toldAs }) => toldAs)).to.deep.equal(Array(4).fill("recipient"));
    });

    it("waits for nobody when the new one cannot be told, whatever was answered before", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as never];
      for (const state of ["waiting", "replied", "acknowledged"] as const) {
        expect(stateOf(toSmith([doctorAt(state)], ghost).arrival)).to.equal("undeliverable");
      }
    });

    it("waits for those who watch when the new one cannot be told", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as never, ...told(NURSE)];
      const { arrival } = toSmith([arrived({}, told(JONES, NURSE))], ghost);
      expect(stateOf(arrival)).to.equal("waiting");
      const answered = acknowledge(arrival, NURSE, minute(86))?.arrival;
      expect(answered && stateOf(answered)).to.equal("acknowledged");
    });

    it("takes one of two bookings away and leaves the other", () => {
      const both = [withTwo()];
      const changes = changesOf(
        changeBooking(
          booking({ bookingId: "b2", appointmentAt: minute(105) }),
          later({
            bookingId: "b2",
            appointmentAt: minute(105),
            doctor: SMITH,
            changedAt: minute(90),
            changedBy: NURSE,
          }),
          around({ open: both, recipients: told(SMITH) }),
        ),
      );
      expect(
        changes.map(({ arrival }) => [arrival.doctor, arrival.slots.map((slot) => slot.bookingId)]),
      ).to.deep.equal([
        [JONES, ["b1"]],
        [SMITH, ["b2"]],
      ]);
      expect(changes.map(({ effects }) => spell(effects))).to.deep.equal([
        ["edit dr.jones"],
        ["post dr.smith", "start-clock"],
      ]);
      // Whoever welcomed the patient, not whoever moved the booking: replies go there.
      expect(changes[1]?.arrival.markedBy).to.equal(MIA);
      // And the patient has been here since then.
      expect(changes[1]?.arrival.arrivedAt).to.deep.equal(minute(81));
      expect(changes[1]?.arrival.slots[0]?.arrivedAt).to.deep.equal(minute(81));
    });

    it("is here as long as the one of the bookings that came first", () => {
      const smiths = arrived({ doctor: SMITH, bookingId: "b2", changedAt: minute(84) }, told(SMITH));
      const changes = changesOf(
        changeBooking(booking(), later({ doctor: SMITH }), around({ open: [arrived(), smiths] })),
      );
      expect(changes.at(-1)?.arrival).to.deep.include({ id: smiths.id, arrivedAt: minute(80) });
    });

    it("takes the notice to the patient who came, when it was the wrong one", () => {
      const changes = changesOf(
        changeBooking(
          booking(),
          later({ patientId: "p2", patientName: "Bob Ray" }),
          around({ open: [arrived()] }),
        ),
      );
      expect(changes.map(({ arrival }) => [arrival.patientId, ...progress(arrival)])).to.deep.equal([
        ["p1", "dr.jones retracted reassigned"],
        ["p2", "dr.jones waiting"],
      ]);
    });
  });

  describe("of two in a row for one patient and doctor", () => {
    const second = (changes: Partial<Booking> = {}) =>
      booking({ bookingId: "b2", appointmentAt: minute(105), changedAt: minute(81), ...changes });

    it("is one notice with both times", () => {
      const first = arrived();
      const { arrival, effects } = only(changeBooking(null, second(), around({ open: [first] })));
      expect(arrival.id).to.equal(first.id);
      expect(arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1", "b2"]);
      expect(spell(effects)).to.deep.equal(["edit dr.jones"]);
    });

    it("is shown in the order of the appointments, whichever came first", () => {
      const late = only(changeBooking(null, second(), around())).arrival;
      const { arrival } = only(changeBooking(null, booking(), around({ open: [late] })));
      expect(arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1", "b2"]);
    });

    it("tells each who marks one that the doctor cannot be told, once", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "no-account" } as const];
      const joined = (changes: Partial<Booking>, first: Partial<Parameters<typeof around>[0]> = {}) => {
        const open = only(changeBooking(null, booking(), around({ recipients, ...first }))).arrival;
        return only(changeBooking(null, second(changes), around({ open: [open], recipients })));
      };
      expect(spell(joined({ changedBy: MIA }).effects)).to.deep.equal([]);
      expect(spell(joined({ changedBy: NURSE }).effects)).to.deep.equal(["report dr.jones"]);
      // The kiosk that marked the first could not be told at all.
      const afterKiosk = joined({ changedBy: MIA }, { changerReachable: false });
      expect(spell(afterKiosk.effects)).to.deep.equal(["report dr.jones"]);
      expect(afterKiosk.arrival.notices[0]?.progress).to.include({ reported: true });
    });

    for (const [why, open, next] of [
      ["the first was acknowledged", doctorAt("acknowledged"), second()],
      ["they are on different days", { ...arrived(), day: "2026-03-01" }, second()],
      ["they are with different doctors", arrived({ doctor: SMITH }, told(SMITH)), second()],
    ] as const) {
      it(`is a notice of its own when ${why}`, () => {
        const { arrival, effects } = only(changeBooking(null, next, around({ open: [open] })));
        expect(arrival.id).not.to.equal(open.id);
        expect(spell(effects)).to.deep.equal(["post dr.jones", "start-clock"]);
      });
    }

    for (const status of ["cancelled", "no_show", "booked"] as const) {
      it(`shows the other one still when one is ${status}`, () => {
        const change = only(
          changeBooking(second(), second({ status, changedAt: minute(86) }), around({ open: [withTwo()] })),
        );
        expect(spell(change.effects)).to.deep.equal(["edit dr.jones"]);
        expect(change.arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1"]);
        expect(change.arrival.ended).to.equal(null);
      });
    }

    it("ends when the patient goes into session for either", () => {
      const change = only(
        changeBooking(booking(), later({ status: "in_session" }), around({ open: [withTwo()] })),
      );
      expect(spell(change.effects)).to.deep.equal(["take-down dr.jones"]);
      // The other one, still marked as arrived, raises nothing new when it changes next.
      const next = second({ changedAt: minute(95), location: "Room 2" });
      expect(changesOf(changeBooking(second(), next, around()))).to.deep.equal([]);
    });
  });

  describe("while the patient waits", () => {
    it("shows another time on the same notice", () => {
      const { arrival, effects } = only(
        changeBooking(booking(), later({ appointmentAt: minute(120) }), around({ open: [arrived()] })),
      );
      expect(spell(effects)).to.deep.equal(["edit dr.jones"]);
      expect(arrival.slots[0]?.appointmentAt).to.deep.equal(minute(120));
    });

    it("tells those at the new place, and no longer those at the old one", () => {
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

    it("does not show an acknowledged notice again because of another place", () => {
      const open = [doctorAt("acknowledged")];
      const { arrival, effects } = only(
        changeBooking(booking(), later({ location: "North" }), around({ open })),
      );
      expect(progress(arrival)).to.deep.equal(["dr.jones acknowledged"]);
      expect(effects).to.deep.equal([]);
    });

    it("does not report the same twice", () => {
      const recipients = [{ username: JONES, deliver: false, reason: "alerts-off" } as const];
      const open = [arrived({}, recipients as never)];
      const change = only(
        changeBooking(booking(), later({ location: "North" }), around({ open, recipients })),
      );
      expect(change.effects).to.deep.equal([]);
    });

    it("reports it again when the one who changes it can be told and nobody could before", () => {
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

    it("leaves the notice of those who were called in where it is", () => {
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

    describe("to a place with another rule for when nobody answers", () => {
      const escalation = [{ after: 1 }, { location: "North", after: 2 }, { location: "Main St", after: 1 }];
      const toNorth = (open: Arrival[], rules = escalation) =>
        only(changeBooking(booking(), later({ location: "North" }), around({ open, escalation: rules })));

      it("starts the time for an answer anew", () => {
        const { arrival, effects } = toNorth([arrived()]);
        expect(effects.at(-1)).to.deep.equal({ do: "start-clock", from: minute(80) });
        expect(arrival.clockAt).to.deep.equal(arrived().clockAt);
      });

      it("does so too when there was none", () => {
        expect(spell(toNorth([arrived()], escalation.slice(1, 2)).effects)).to.include("start-clock");
      });

      it("does not when it is answered, or when the rule is the same", () => {
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

  it("ends what is stale like anything else", () => {
    const { arrival, effects } = endArrival(arrived(), "stale", minute(800));
    expect(progress(arrival)).to.deep.equal(["dr.jones retracted stale"]);
    expect(spell(effects)).to.deep.equal(["take-down dr.jones"]);
  });
});

const RECEPTION = named("reception");

function calledIn(arrival: Arrival, toldAs: "backup" | "reception"): Arrival {
  const notice = { ...unposted(RECEPTION, minute(81)), toldAs, shown: true };
  return {
    ...arrival,
    notices: [...arrival.notices, notice],
    escalations: [{ kind: toldAs, label: "Reception", told: true, at: minute(81) }],
  };
}

function withTwo(): Arrival {
  const next = booking({ bookingId: "b2", appointmentAt: minute(105), changedAt: minute(81) });
  return only(changeBooking(null, next, around({ open: [arrived()] }))).arrival;
}
