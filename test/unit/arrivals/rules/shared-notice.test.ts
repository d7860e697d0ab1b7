import { expect } from "chai";
import type { Booking } from "../../../../src/arrivals/rules/booking.ts";
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
  SMITH,
  spell,
  told,
} from "../support/builders.ts";
import { doctorAt, later, withTwo } from "../support/lifecycle.ts";

describe("a booking that changes", () => {
  describe("two in a row for one patient and doctor", () => {
    const second = (changes: Partial<Booking> = {}) =>
      booking({ bookingId: "b2", appointmentAt: minute(105), changedAt: minute(81), ...changes });

    it("are one notice with both times", () => {
      const first = arrived();
      const { arrival, effects } = only(changeBooking(null, second(), around({ open: [first] })));
      expect(arrival.id).to.equal(first.id);
      expect(arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1", "b2"]);
      expect(spell(effects)).to.deep.equal(["edit dr.jones"]);
    });

    it("are shown in the order of the appointments, whichever came first", () => {
      const late = only(changeBooking(null, second(), around())).arrival;
      const { arrival } = only(changeBooking(null, booking(), around({ open: [late] })));
      expect(arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1", "b2"]);
    });

    it("tell each person who marks one that the doctor cannot be told, once", () => {
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
      it(`are separate notices when ${why}`, () => {
        const { arrival, effects } = only(changeBooking(null, next, around({ open: [open] })));
        expect(arrival.id).not.to.equal(open.id);
        expect(spell(effects)).to.deep.equal(["post dr.jones", "start-clock"]);
      });
    }

    for (const status of ["cancelled", "no_show", "booked"] as const) {
      it(`still show the other one when one is ${status}`, () => {
        const change = only(
          changeBooking(second(), second({ status, changedAt: minute(86) }), around({ open: [withTwo()] })),
        );
        expect(spell(change.effects)).to.deep.equal(["edit dr.jones"]);
        expect(change.arrival.slots.map((slot) => slot.bookingId)).to.deep.equal(["b1"]);
        expect(change.arrival.ended).to.equal(null);
      });
    }

    it("end when the patient goes into session for either", () => {
      const change = only(
        changeBooking(booking(), later({ status: "in_session" }), around({ open: [withTwo()] })),
      );
      expect(spell(change.effects)).to.deep.equal(["take-down dr.jones"]);
      // The other booking, still marked as arrived, announces nothing new when it next changes.
      const next = second({ changedAt: minute(95), location: "Room 2" });
      expect(changesOf(changeBooking(second(), next, around()))).to.deep.equal([]);
    });

    describe("when the patient has been seen for the other", () => {
      // The second was marked at minute 81, and the doctor saw the patient for the first.
      const again = (changes: Partial<Booking>) => changeBooking(second(), second(changes), around());

      it("is announced if someone marks it as arrived again later", () => {
        for (const changedBy of [MIA, NURSE]) {
          const { arrival, effects } = only(again({ changedAt: minute(95), changedBy }));
          expect(spell(effects)).to.deep.equal(["post dr.jones", "start-clock"]);
          expect([arrival.markedBy, arrival.arrivedAt]).to.deep.equal([changedBy, minute(95)]);
        }
      });

      it("is not announced if that is sent again within a second", () => {
        for (const later of [0, 400, 999]) {
          const changedAt = new Date(second().changedAt.getTime() + later);
          expect(again({ changedAt }), `${later} ms`).to.deep.equal({ applied: false });
        }
      });

      it("is announced if it was corrected first, and then marked again", () => {
        const moved = { location: "Room 2", changedAt: minute(95) };
        expect(changesOf(again(moved))).to.deep.equal([]);
        const marked = changeBooking(second(moved), second({ ...moved, changedAt: minute(96) }), around());
        expect(spell(only(marked).effects)).to.deep.equal(["post dr.jones", "start-clock"]);
      });

      it("is announced if it was undone and the patient comes again, at any time", () => {
        const back = second({ status: "confirmed" });
        expect(spell(only(changeBooking(back, second(), around())).effects)).to.include("post dr.jones");
      });
    });
  });
});
