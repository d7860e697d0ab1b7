import { expect } from "chai";
import type { Person } from "../../dev/person.ts";
import {
  acknowledgedBy,
  arrivalsRoom,
  expectGone,
  expectOneNotice,
  noticeWithButtons,
} from "../support/arrival-room.ts";
import { throughEveryWindow, type Window } from "../support/kill-windows.ts";
import { freshStack, type TestStack } from "../support/stack.ts";
import { hire, putBooking, putUser, unique } from "../support/staff.ts";

const NAMES = {
  before: "before each call of the homeserver",
  after: "after each call, before its answer is heard",
};

describe("A notice is never lost nor doubled when Whisper is killed by SIGKILL", function () {
  this.timeout(400_000);
  let stack: TestStack;
  const jones = unique("dr.jones");
  const mia = unique("mia");
  let doctor: Person;

  before(async () => {
    stack = await freshStack();
    await putUser(stack, mia);
    doctor = await hire(stack, jones, { doctor: true }, { pastTheGate: true });
    await arrivalsRoom(doctor);
    // The room's own card comes first; what follows is the notice's alone.
    const booking = unique("first");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    const { room, notice } = await noticeWithButtons(doctor, booking);
    await doctor.react(room, notice, "✅");
    await expectGone(doctor, room, notice);
  });
  after(() => stack?.stop());

  for (const when of ["before", "after"] as const) {
    it(`while it posts the notice, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        prepare: async ({ call }: Window) => unique(`post-${when}-${call}`),
        begin: (booking) => putBooking(stack, booking, { doctor: jones, changed_by: mia }),
        async verify(booking) {
          const { room } = await noticeWithButtons(doctor, booking);
          await expectOneNotice(doctor, room, booking);
        },
      });
      // The notice and its two buttons, at least.
      expect(killed.filter((call) => call.includes("/send/"))).to.have.lengthOf.at.least(3);
    });

    it(`while it takes the notice away after ✅, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        async prepare({ call }: Window) {
          const booking = unique(`ack-${when}-${call}`);
          await putBooking(stack, booking, { doctor: jones, changed_by: mia });
          return { booking, ...(await noticeWithButtons(doctor, booking)) };
        },
        begin: ({ room, notice }) => doctor.react(room, notice, "✅"),
        async verify({ room, notice }) {
          await expectGone(doctor, room, notice);
          await acknowledgedBy(stack, jones);
        },
      });
      expect(killed.some((call) => call.includes("/redact/"))).to.equal(true);
    });
  }
});
