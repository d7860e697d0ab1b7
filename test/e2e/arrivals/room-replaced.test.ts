import { expect } from "chai";
import type { Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, conversationOf } from "../../../dev/clients/room-events.ts";
import { arrivalsRoom, expectGone, isNoticeOf, noticeWithButtons } from "../../support/stack/arrival-room.ts";
import { atSynapse, behindWhisper } from "../../support/stack/behind-whisper.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import {
  hire,
  historyOf,
  nameOf,
  putBooking,
  roomOfKind,
  textsOf,
  unique,
} from "../../support/stack/staff.ts";

/** A homeserver administrator can make an arrivals room unusable. The doctor then gets another one. */
describe("An arrivals room that is replaced", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [mia, jones] = [unique("mia"), unique("dr.jones")];
  const [waiting, replied] = [unique("waiting"), unique("replied")];
  let receptionist: Person;
  let doctor: Person;
  let old: string;
  let room: Room;

  /** Whisper no longer controls its room. Synapse shuts such a room down, and puts everyone out itself. */
  async function takePowerAway(): Promise<void> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(old)}/state/m.room.power_levels/`;
    const levels = (await atSynapse(stack, "GET", path)) as Record<string, unknown>;
    await atSynapse(stack, "PUT", path, { ...levels, users: { "@whisper:localhost": 40 } });
  }

  before(async function () {
    this.timeout(240_000);
    stack = await freshStack();
    receptionist = await hire(stack, mia, {}, { pastTheGate: true });
    doctor = await hire(stack, jones, { doctor: true }, { pastTheGate: true });
    old = (await arrivalsRoom(doctor)).roomId;
    for (const booking of [waiting, replied]) {
      await putBooking(stack, booking, { doctor: jones, changed_by: mia });
      await noticeWithButtons(doctor, booking);
    }
    const noticeOf = (booking: string) =>
      doctor.waitForEvent("the notice", (event) => isNoticeOf(booking)({ content: event.getContent() }));
    await doctor.replyInThread(await noticeOf(replied), "Told before.");
    await receptionist.waitForText("Told before.");
    await doctor.sendText(old, "history");
    await doctor.waitForText("You have not acknowledged any arrivals yet.", old);
    await settled(stack);

    // While Whisper is away, so that the doctor's message reaches it together with the end of the room.
    const notice = await noticeOf(waiting);
    await behindWhisper(
      stack,
      async () => {
        await doctor.reply(notice, "Told at the last moment.");
        await doctor.sendText(old, "Is anybody there?");
        await takePowerAway();
      },
      { tell: true },
    );
    await stack.startWhisper();
    room = await doctor.waitForRoom(
      "another arrivals room",
      (each) => each.roomId !== old && conversationOf(each)?.kind === "arrivals",
      60_000,
    );
    await settled(stack);
  });
  after(() => stack?.stop());

  it("shows what waits, with its buttons, and what is pressed there counts", async () => {
    const history = await historyOf(doctor, room.roomId);
    expect(history.filter(isNoticeOf(waiting))).to.have.lengthOf(1);
    const notice = history.find(isNoticeOf(replied))?.event_id ?? "";
    for (const key of ["✅", "↩️"]) await doctor.waitForReaction(notice, key);
    await doctor.react(room.roomId, notice, "✅");
    await expectGone(doctor, room.roomId, notice);
  });

  it("shows the history at the first asking", async () => {
    await doctor.sendText(room.roomId, "history");
    const shown = await doctor.waitForText("Arrivals that you have acknowledged", room.roomId);
    expect(bodyOf(shown)).to.include(`Patient ${replied}`);
  });

  it("passes on what was said at the last moment, and nothing a second time", async () => {
    await settled(stack);
    const pair = await roomOfKind(receptionist, "individual", nameOf(jones));
    const texts = await textsOf(receptionist, pair.roomId);
    for (const text of ["Told before.", "Told at the last moment."])
      expect(texts.filter((each) => each.endsWith(text))).to.have.lengthOf(1);
    // In the new room, too, nobody speaks in the doctor's name.
    const said = (await historyOf(doctor, room.roomId)).filter(
      ({ type, sender }) => type === "m.room.message" && sender === doctor.userId,
    );
    expect(said.map(({ content }) => content.body)).to.deep.equal(["history"]);
  });
});
