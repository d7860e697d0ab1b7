import { expect } from "chai";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import {
  arrivalsRoom,
  expectGone,
  expectOneNotice,
  noticeWithButtons,
} from "../../support/stack/arrival-room.ts";
import { type SecondWhisper, startSecondWhisper } from "../../support/stack/second-whisper.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, putUser, unique } from "../../support/stack/staff.ts";

describe("Two Whispers on one database", () => {
  const jones = unique("dr.jones");
  const mia = unique("mia");
  let stack: TestStack;
  let second: SecondWhisper;
  let doctor: Person;

  before(async () => {
    stack = await freshStack();
    second = await startSecondWhisper(stack);
    await putUser(stack, mia);
    doctor = await hire(stack, jones, { doctor: true }, { pastTheGate: true });
    await arrivalsRoom(doctor);
    await settled(stack);
  });
  after(async () => {
    await second?.stop();
    await stack?.stop();
  });

  it("post one notice of an arrival, whichever of them works", async () => {
    for (let round = 0; round < 5; round++) {
      const booking = unique(`shared-${round}`);
      await putBooking(stack, booking, { doctor: jones, changed_by: mia });
      const { room } = await noticeWithButtons(doctor, booking);
      await settled(stack);
      await expectOneNotice(doctor, room, booking);
    }
  });

  it("finish what the other had begun when it was killed, within seconds and without it", async () => {
    const booking = unique("orphaned");
    // Killed while both are at work: whichever had taken the notice, it is posted once.
    const killed = stack.proxy.inject({
      when: "before",
      match: { method: "PUT", path: "/_matrix/client/v3/rooms/*/send/m.room.message/*" },
      act: async () => {
        await stack.killWhisper();
        return { kind: "drop" };
      },
    });
    const answered = putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await killed.happened;
    // The booking is stored before its notice is sent, so only the answer can be lost, with the process that owes it.
    const [answer] = await Promise.allSettled([answered]);
    if (answer.status === "rejected") expect(String(answer.reason)).to.equal("TypeError: fetch failed");
    const { room, notice } = await noticeWithButtons(doctor, booking);
    await expectOneNotice(doctor, room, booking);

    // In the meantime the other takes HealthTrack's calls.
    const meanwhile = unique("meanwhile");
    const there = { ...stack, whisper: second.whisper };
    await putBooking(there, meanwhile, { doctor: jones, changed_by: mia });
    const other = await noticeWithButtons(doctor, meanwhile);
    await expectOneNotice(doctor, other.room, meanwhile);

    // What the doctor does now reaches the first when it is back: Synapse knows only that one.
    await doctor.react(room, notice, "✅");
    await stack.startWhisper();
    await expectGone(doctor, room, notice);
  });

  it("hear of each other's changes: who lost AccessWhisper through one is refused by the other", async () => {
    const leaver = unique("leaver");
    const there = { ...stack, whisper: second.whisper };
    await hire(stack, leaver);
    await mustCallApi(stack, "PUT", "/api/v1/security-groups/Default", {
      id: "Default",
      name: "Default",
      members: [jones, mia],
    });
    const answer = await fetch(`${there.whisper}/api/v1/users/${leaver}/sign-in`, {
      method: "POST",
      headers: { authorization: `Bearer ${stack.apiKey}`, "content-type": "application/json" },
    });
    if (answer.status !== 403) throw new Error(`sign-in was answered ${answer.status}`);
  });
});
