import { expect } from "chai";
import type { MatrixEvent, Room } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, conversationOf } from "../../../dev/clients/room-events.ts";
import {
  type ArrivalDesk,
  editOf,
  idOf,
  noticeFor,
  openArrivalDesk,
} from "../../support/stack/arrival-desk.ts";
import { expectGone } from "../../support/stack/arrival-room.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { nameOf, putUser, unique } from "../../support/stack/staff.ts";

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let mia: string;
  let receptionist: Person;
  let doctor: Person;
  let room: Room;
  let put: ArrivalDesk["put"];
  let stateNow: ArrivalDesk["stateNow"];

  before(async function () {
    this.timeout(180_000);
    ({ stack, mia, receptionist, doctor, room, put, stateNow } = await openArrivalDesk());
  });

  describe("are replied to, and the reply reaches the staff member that marked the patient as Arrived", () => {
    const passedOn = async (text: string): Promise<MatrixEvent> => {
      const message = await receptionist.waitForText(text);
      expect(message.getSender()).to.equal(doctor.userId);
      // A client hears of a message before it has put its room together.
      await receptionist.waitForRoom(
        "the conversation of the two",
        (each) => each.roomId === message.getRoomId() && conversationOf(each)?.kind === "individual",
      );
      return message;
    };

    it("by the reply button and the thread that it opens", async () => {
      const booking = unique("b");
      await put(booking);
      const notice = await noticeFor(doctor, booking);
      await doctor.react(room.roomId, idOf(notice), "↩️");
      await doctor.waitForText(`Write here and I'll pass it on to ${nameOf(mia)}.`);
      await doctor.replyInThread(notice, "Please take her to room 4.");
      const message = await passedOn("Please take her to room 4.");
      expect(bodyOf(message)).to.equal(
        `> A.Q. has arrived · 10:30 appointment · Main St · Patient ${booking}\n\nPlease take her to room 4.`,
      );
      expect(await stateNow()).to.equal("replied");
      // The notice stays until it is acknowledged.
      await doctor.react(room.roomId, idOf(notice), "✅");
      await expectGone(doctor, room.roomId, idOf(notice));
      expect(await stateNow()).to.equal("acknowledged");
    });

    it("by an ordinary reply to the notice", async () => {
      const booking = unique("b");
      await put(booking);
      await doctor.reply(await noticeFor(doctor, booking), "On my way.");
      await passedOn("On my way.");
    });

    it("by one click on a quick answer", async () => {
      const booking = unique("b");
      await put(booking);
      const notice = await noticeFor(doctor, booking);
      await doctor.waitForReaction(idOf(notice), "⏳");
      await doctor.react(room.roomId, idOf(notice), "⏳");
      await passedOn(`Patient ${booking}\n\nFive minutes, please.`);
    });

    it("once, and is corrected and deleted there when it is here", async () => {
      const booking = unique("b");
      await put(booking);
      const notice = await noticeFor(doctor, booking);
      const reply = await doctor.replyInThread(notice, "Room forty.");
      const message = await passedOn("Room forty.");
      const mine = await doctor.waitForEvent("the doctor's own reply", (event) => event.getId() === reply);
      await doctor.edit(mine, "Room fourteen.");
      expect(await editOf(receptionist, message)).to.match(/Room fourteen\.$/);
      await doctor.redact(room.roomId, reply);
      await receptionist.waitForRedaction(idOf(message));
    });

    it("and the doctor is told when nobody can receive it", async () => {
      const silent = unique("silent");
      await putUser(stack, silent);
      await mustCallApi(stack, "PATCH", `/api/v1/users/${silent}/preferences`, { never_receive: true });
      const booking = unique("b");
      await put(booking, { changed_by: silent });
      await doctor.reply(await noticeFor(doctor, booking), "Hello?");
      await doctor.waitForText(/^Your reply was not passed on\..*has chosen not to receive direct messages/);
      expect(await stateNow()).to.equal("waiting");
    });
  });
});
