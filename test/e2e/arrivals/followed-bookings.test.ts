import { expect } from "chai";
import type { MatrixEvent, Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import {
  type ArrivalDesk,
  editOf,
  idOf,
  noticeFor,
  openArrivalDesk,
  started,
  todayAt,
} from "../../support/stack/arrival-desk.ts";
import { expectGone, expectOneNotice, isNoticeOf } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { hire, historyOf, nameOf, textsOf, unique } from "../../support/stack/staff.ts";

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let mia: string;
  let doctor: Person;
  let room: Room;
  let put: ArrivalDesk["put"];
  let newest: ArrivalDesk["newest"];

  before(async function () {
    this.timeout(180_000);
    ({ stack, mia, doctor, room, put, newest } = await openArrivalDesk());
  });

  describe("follow their booking", () => {
    for (const status of [
      "booked",
      "confirmed",
      "cancelled",
      "no_show",
      "in_session",
      "out_session",
      "closed",
    ]) {
      it(`and are taken back when it becomes ${status}`, async () => {
        const booking = unique("b");
        await put(booking);
        const notice = await noticeFor(doctor, booking);
        const { arrival } = await put(booking, { status });
        expect(arrival?.state).to.equal("retracted");
        await expectGone(doctor, room.roomId, idOf(notice));
      });
    }

    it("to another doctor", async () => {
      const smith = unique("dr.smith");
      const other = await hire(stack, smith, { doctor: true });
      const booking = unique("b");
      await put(booking);
      const notice = await noticeFor(doctor, booking);
      await put(booking, { doctor: smith });
      await expectGone(doctor, room.roomId, idOf(notice));
      const moved = await noticeFor(other, booking);
      expect(bodyOf(moved)).to.include(`marked by ${nameOf(mia)}`);
      expect((await newest(smith))?.recipients).to.have.length(2);
    });

    it("and come anew when the patient arrives again", async () => {
      const booking = unique("b");
      await put(booking);
      const first = await noticeFor(doctor, booking);
      await put(booking, { status: "booked" });
      await put(booking);
      await doctor.waitForEvent(
        "another notice",
        (event) => isNoticeOf(booking)({ content: event.getContent() }) && idOf(event) !== idOf(first),
      );
      await settled(stack);
      await expectOneNotice(doctor, room.roomId, booking);
    });

    it("when it changes faster than notices are posted, and end as it does", async () => {
      const bookings = Array.from({ length: 5 }, () => unique("fast"));
      await Promise.all(
        bookings.map(async (booking, index) => {
          for (const status of [
            "arrived",
            "booked",
            "arrived",
            "cancelled",
            "arrived",
            "in_session",
            "arrived",
          ]) {
            await put(booking, { status });
          }
          if (index % 2 === 1) await put(booking, { status: "closed" });
        }),
      );
      await settled(stack);
      const history = await historyOf(doctor, room.roomId);
      const left = bookings.map((booking) => history.filter(isNoticeOf(booking)).length);
      expect(left).to.deep.equal([1, 0, 1, 0, 1]);
    });

    it("not when the change is older than what is known", async () => {
      const booking = unique("b");
      const before = new Date(started - 60_000).toISOString();
      await put(booking);
      expect(await put(booking, { status: "cancelled", changed_at: before })).to.deep.include({
        applied: false,
      });
      await settled(stack);
      await expectOneNotice(doctor, room.roomId, booking);
    });

    it("as one notice for consecutive bookings of a patient", async () => {
      const [one, two] = [unique("b"), unique("b")];
      await put(one);
      const notice = await noticeFor(doctor, one);
      await put(two, { patient_id: one, appointment_at: todayAt("10:45") });
      expect(await editOf(doctor, notice)).to.include("10:30 and 10:45 appointments");
      await doctor.react(room.roomId, idOf(notice), "✅");
      await expectGone(doctor, room.roomId, idOf(notice));
      // The edit shows nothing of the patient either.
      expect((await textsOf(doctor, room.roomId)).filter((text) => text.includes(one))).to.deep.equal([]);
    });
  });

  describe("of consecutive bookings come apart again", () => {
    const both = async () => {
      const [one, two] = [unique("b"), unique("b")];
      await put(one);
      const notice = await noticeFor(doctor, one);
      await put(two, { patient_id: one, appointment_at: todayAt("10:45") });
      await editsOf(notice, /10:30 and 10:45 appointments/);
      return { one, two, notice };
    };
    const editsOf = (notice: MatrixEvent, text: RegExp) =>
      doctor.waitForEvent(`an edit that says ${text}`, (event) => {
        const relation = event.getWireContent()["m.relates_to"];
        return (
          relation?.rel_type === "m.replace" && relation.event_id === idOf(notice) && text.test(bodyOf(event))
        );
      });

    it("when one is cancelled: the notice shows the other", async () => {
      const { one, two, notice } = await both();
      const { arrival } = await put(one, { status: "cancelled" });
      expect(arrival?.state).to.equal("waiting");
      await editsOf(notice, /^\* A\.Q\. has arrived · 10:45 appointment · /);
      await put(two, { patient_id: one, status: "cancelled" });
      await expectGone(doctor, room.roomId, idOf(notice));
    });

    it("when one goes to another doctor: each has a notice of their own", async () => {
      const taylor = unique("dr.taylor");
      const other = await hire(stack, taylor, { doctor: true });
      const { one, two, notice } = await both();
      const at = todayAt("10:45");
      await put(two, { patient_id: one, appointment_at: at, doctor: taylor });
      await editsOf(notice, /^\* A\.Q\. has arrived · 10:30 appointment · /);
      expect(bodyOf(await noticeFor(other, two))).to.match(/^A\.Q\. has arrived · 10:45 appointment · /);
      await put(one, { status: "in_session" });
      await expectGone(doctor, room.roomId, idOf(notice));
      expect((await newest(taylor))?.state).to.equal("waiting");
    });
  });
});
