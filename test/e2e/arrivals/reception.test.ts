import { expect } from "chai";
import type { MatrixEvent } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { arrivalsRoom, expectGone, isNoticeOf } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const RECEPTION = "Front desk";
const receptionAt = (...locations: string[]) => ({
  WHISPER_ARRIVALS__RECEPTION: JSON.stringify(locations.map((location) => ({ location, group: RECEPTION }))),
});

describe("Arrivals that reception looks after", function () {
  this.timeout(180_000);
  let stack: TestStack;
  let rita: Person;
  let doctor: Person;
  const [ritaName, jones] = [unique("rita"), unique("dr.jones")];

  before(async () => {
    stack = await freshStack({
      env: receptionAt("wattle  street"),
    });
    rita = await hire(stack, ritaName);
    doctor = await hire(stack, jones, { doctor: true });
    await putGroup(stack, RECEPTION, [ritaName]);
    await arrivalsRoom(doctor);
    await settled(stack);
  });
  after(() => stack?.stop());

  const noticeFor = (person: Person, booking: string): Promise<MatrixEvent> =>
    person.waitForEvent(
      `the notice of ${booking}`,
      (event) => isNoticeOf(booking)({ content: event.getContent() }),
      30_000,
    );

  for (const [how, doctorOfIt] of [
    ["without a doctor", {}],
    ["with a blank doctor", { doctor: " " }],
    ["with null for a doctor", { doctor: null }],
  ] as const) {
    it(`show there ${how}, and go with reception's ✅`, async () => {
      const booking = unique("b");
      await putBooking(stack, booking, { ...doctorOfIt, changed_by: "kiosk-1" });
      const notice = await noticeFor(rita, booking);
      expect(bodyOf(notice)).to.match(/ · no doctor booked · marked by kiosk-1$/);
      await rita.react(notice.getRoomId() ?? "", notice.getId() ?? "", "✅");
      await expectGone(rita, notice.getRoomId() ?? "", notice.getId() ?? "");
      await settled(stack);
      const list = await mustCallApi(stack, "GET", "/api/v1/arrivals?limit=1");
      expect(list).to.have.nested.property("arrivals[0].doctor", null);
      expect(list).to.have.nested.property("arrivals[0].state", "acknowledged");
    });
  }

  it("bring the doctor's reply to reception when a kiosk marked them", async () => {
    const booking = unique("b");
    await putBooking(stack, booking, { doctor: jones, changed_by: "kiosk-1" });
    const notice = await noticeFor(doctor, booking);
    await doctor.react(notice.getRoomId() ?? "", notice.getId() ?? "", "🚪");
    const passed = await rita.waitForText(/: Please send them in\.$/, undefined, 30_000);
    expect(passed.getRoomId()).to.equal((await roomOfKind(rita, "group")).roomId);
    expect(bodyOf(passed)).to.match(/^> J\.A\. has arrived .*\n\nDr Jones [^:]*: Please send them in\.$/);
  });

  it("reach a reception that the configuration names only while the patient waits", async () => {
    const booking = unique("b");
    await putBooking(stack, booking, { changed_by: "kiosk-1", location: "Banksia Road" });
    await settled(stack);
    expect(rita.seen.some((event) => isNoticeOf(booking)({ content: event.getContent() }))).to.equal(false);
    await stack.stopWhisper();
    await stack.startWhisper(receptionAt("wattle  street", "Banksia Road"));
    expect(bodyOf(await noticeFor(rita, booking))).to.include("Banksia Road");
  });
});
