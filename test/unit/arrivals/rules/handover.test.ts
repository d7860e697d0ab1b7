import { expect } from "chai";
import { acknowledgeNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
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
  only,
  progress,
  SMITH,
  spell,
  told,
} from "../support/builders.ts";
import { calledIn, doctorAt, later, RECEPTION, withTwo } from "../support/lifecycle.ts";

describe("a booking that changes", () => {
  describe("when another doctor takes the booking", () => {
    const toSmith = (open: Arrival[], recipients = told(SMITH)) =>
      only(
        changeBooking(
          booking(),
          later({ doctor: SMITH, changedBy: NURSE }),
          around({ open, recipients, now: minute(85) }),
        ),
      );

    it("moves the notice, and restarts the clock", () => {
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
      // The arrival time stays, and replies still go to whoever welcomed the patient.
      expect([arrival.arrivedAt, arrival.markedBy]).to.deep.equal([before.arrivedAt, MIA]);
    });

    it("also tells the new doctor if the old one had acknowledged, and keeps that record", () => {
      const { arrival, effects } = toSmith([doctorAt("acknowledged")]);
      expect(progress(arrival)).to.deep.equal(["dr.jones acknowledged", "dr.smith waiting"]);
      expect(spell(effects)).to.deep.equal(["post dr.smith", "start-clock"]);
      expect(stateOf(arrival)).to.equal("waiting");
    });

    it("changes the notice of people who are told about both", () => {
      const { arrival, effects } = toSmith([arrived({}, told(JONES, NURSE))], told(SMITH, NURSE));
      expect(progress(arrival)).to.deep.equal([
        "dr.jones retracted reassigned",
        "nurse waiting",
        "dr.smith waiting",
      ]);
      expect(spell(effects)).to.include.members(["edit nurse", "take-down dr.jones", "post dr.smith"]);
    });

    it("posts a new notice when the booking comes back", () => {
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

    it("reports a doctor who cannot be told again to whoever gives them the booking again", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as const];
      const { arrival: away } = toSmith([arrived()], ghost as never);
      const { arrival: back } = only(
        changeBooking(later({ doctor: SMITH }), booking({ changedAt: minute(88) }), around({ open: [away] })),
      );
      expect(spell(toSmith([back], ghost as never).effects)).to.include("report dr.smith");
    });

    it("does not count answers from people who were called in for the previous doctor", () => {
      const before = calledIn(arrived({}, told(JONES, NURSE)), "reception");
      const answered = acknowledgeNotice(before, RECEPTION, minute(82))?.arrival ?? before;
      expect(stateOf(answered)).to.equal("acknowledged");
      const { arrival } = toSmith([answered], told(SMITH, NURSE));
      expect(stateOf(arrival)).to.equal("waiting");
      expect(arrival.notices.map(({ toldAs }) => toldAs)).to.deep.equal(Array(4).fill("recipient"));
    });

    it("waits for no one if the new doctor cannot be told, whatever was answered before", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as never];
      for (const state of ["waiting", "replied", "acknowledged"] as const) {
        expect(stateOf(toSmith([doctorAt(state)], ghost).arrival)).to.equal("undeliverable");
      }
    });

    it("waits for the watchers if the new doctor cannot be told", () => {
      const ghost = [{ username: SMITH, deliver: false, reason: "inactive" } as never, ...told(NURSE)];
      const { arrival } = toSmith([arrived({}, told(JONES, NURSE))], ghost);
      expect(stateOf(arrival)).to.equal("waiting");
      const answered = acknowledgeNotice(arrival, NURSE, minute(86))?.arrival;
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
      // Replies go to whoever welcomed the patient, not to whoever moved the booking.
      expect(changes[1]?.arrival.markedBy).to.equal(MIA);
      // The patient has been here since then.
      expect(changes[1]?.arrival.arrivedAt).to.deep.equal(minute(81));
      expect(changes[1]?.arrival.slots[0]?.arrivedAt).to.deep.equal(minute(81));
    });

    it("counts the waiting time from the earlier booking", () => {
      const smiths = arrived({ doctor: SMITH, bookingId: "b2", changedAt: minute(84) }, told(SMITH));
      const changes = changesOf(
        changeBooking(booking(), later({ doctor: SMITH }), around({ open: [arrived(), smiths] })),
      );
      expect(changes.at(-1)?.arrival).to.deep.include({ id: smiths.id, arrivedAt: minute(80) });
    });

    it("moves the notice to the patient who came, if the wrong one was marked", () => {
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
});
