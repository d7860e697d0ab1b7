import { expect } from "chai";
import type { Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { type ArrivalDesk, idOf, noticeFor, openArrivalDesk } from "../../support/stack/arrival-desk.ts";
import { settled } from "../../support/stack/settled.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { nameOf, unique } from "../../support/stack/staff.ts";

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let jones: string;
  let doctor: Person;
  let room: Room;
  let put: ArrivalDesk["put"];

  before(async function () {
    this.timeout(180_000);
    ({ stack, jones, doctor, room, put } = await openArrivalDesk());
  });

  describe("have a history", () => {
    const shown = (since: number) =>
      doctor.until("the history", () =>
        doctor.seen
          .slice(since)
          .find((event) => bodyOf(event).startsWith("Arrivals that you have acknowledged")),
      );

    it("that shows the previously acknowledged Patient Arrivals from the icon at the top, and hides it again", async () => {
      const booking = unique("b");
      await put(booking);
      const notice = await noticeFor(doctor, booking);
      await doctor.react(room.roomId, idOf(notice), "✅");
      await doctor.waitForRedaction(idOf(notice));
      const card = await doctor.until("the pinned card", () => {
        const pinned: unknown = room.currentState
          .getStateEvents("m.room.pinned_events", "")
          ?.getContent().pinned;
        return Array.isArray(pinned) && typeof pinned[0] === "string" ? pinned[0] : undefined;
      });
      const since = doctor.seen.length;
      await doctor.react(room.roomId, card, "🕘");
      const history = await shown(since);
      const [, first = ""] = bodyOf(history).split("\n");
      expect(first).to.include(`Patient ${booking}`);
      expect(first).to.match(
        new RegExp(`acknowledged by ${nameOf(jones)} at \\d\\d:\\d\\d · waited 0 minutes`),
      );
      await settled(stack);
      await doctor.react(room.roomId, card, "🕘");
      await doctor.waitForRedaction(idOf(history));
    });

    it("that shows and hides by writing history", async () => {
      const since = doctor.seen.length;
      await doctor.sendText(room.roomId, "history");
      const history = await shown(since);
      await doctor.sendText(room.roomId, "history");
      await doctor.waitForRedaction(idOf(history));
    });
  });
});
