import { expect } from "chai";
import { arrivalsRoom, isNoticeOf, noticeWithButtons } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, historyOf, putBooking, unique } from "../../support/stack/staff.ts";

const FORBIDDEN = { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "no" } } as const;

describe("A notice that is refused while its room cannot be looked at", function () {
  this.timeout(120_000);
  let stack: TestStack;
  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
  });

  it("is said once, as soon as a look at the room is answered", async () => {
    const [mia, jones, booking] = [unique("mia"), unique("dr.jones"), unique("booking")];
    await hire(stack, mia);
    const doctor = await hire(stack, jones, { doctor: true });
    const room = (await arrivalsRoom(doctor)).roomId;
    // The card is a message too.
    await settled(stack);
    const refuse = (method: string, path: string, nth: number) =>
      stack.proxy.inject({ when: "before", nth, match: { method, path }, act: () => FORBIDDEN });
    const faults = [
      refuse("PUT", `/_matrix/client/v3/rooms/${room}/send/m.room.message/*`, 1),
      refuse("PUT", `/_matrix/client/v3/rooms/${room}/send/m.room.message/*`, 1),
      refuse("GET", `/_matrix/client/v3/rooms/${room}/state`, 1),
      refuse("GET", `/_synapse/admin/v1/rooms/${room}/state`, 1),
    ];
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await Promise.all(faults.map(({ happened }) => happened));
    await noticeWithButtons(doctor, booking);
    expect((await historyOf(doctor, room)).filter(isNoticeOf(booking))).to.have.lengthOf(1);
  });
});
