import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { openLink } from "../../support/http/open-link.ts";
import { type ArrivalDesk, idOf, noticeFor, openArrivalDesk } from "../../support/stack/arrival-desk.ts";
import { expectGone, expectOneNotice, isNoticeOf } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { historyOf, nameOf, putUser, unique } from "../../support/stack/staff.ts";

const run = promisify(execFile);

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let mia: string;
  let jones: string;
  let receptionist: Person;
  let doctor: Person;
  let room: Room;
  let put: ArrivalDesk["put"];
  let newest: ArrivalDesk["newest"];
  let stateNow: ArrivalDesk["stateNow"];

  before(async function () {
    this.timeout(180_000);
    ({ stack, mia, jones, receptionist, doctor, room, put, newest, stateNow } = await openArrivalDesk());
  });

  it("send the booking's Doctor a message when a booking is set to the Arrived status", async () => {
    const booking = unique("b");
    const { arrival } = await put(booking);
    expect(arrival?.recipients).to.deep.equal([{ username: jones, state: "waiting" }]);
    const notice = await noticeFor(doctor, booking);
    expect(notice.getRoomId()).to.equal(room.roomId);
    expect(bodyOf(notice)).to.equal(
      `A.Q. has arrived · 10:30 appointment · Main St · Patient ${booking} · marked by ${nameOf(mia)}`,
    );
    await settled(stack);
    await expectOneNotice(doctor, room.roomId, booking);
  });

  it("open the associated patient by the Patient ID", async () => {
    const booking = unique("b");
    await put(booking);
    const html = String((await noticeFor(doctor, booking)).getContent().formatted_body);
    const [, url = "", text] = /<a href="([^"]+)">([^<]+)<\/a>/.exec(html) ?? [];
    expect(text).to.equal(`Patient ${booking}`);
    expect(url).not.to.include(booking);
    const answer = await openLink(new URL(new URL(url).pathname, stack.whisper).href);
    expect(answer.status).to.be.oneOf([302, 501]);
  });

  it("are acknowledged by the green tick, which removes them from the channel", async () => {
    const booking = unique("b");
    await put(booking);
    const notice = await noticeFor(doctor, booking);
    await doctor.waitForReaction(idOf(notice), "✅", "@whisper:localhost");
    await doctor.react(room.roomId, idOf(notice), "✅");
    await expectGone(doctor, room.roomId, idOf(notice));
    const arrival = await newest();
    expect(arrival).to.include({ state: "acknowledged" });
    expect(arrival?.recipients[0]).to.include({ username: jones, state: "acknowledged" });
  });

  it("are acknowledged once when two clients of the doctor click at the same moment", async () => {
    const second = await stack.signIn(jones, { deviceName: "The other desk" });
    const booking = unique("b");
    await put(booking);
    const notice = await noticeFor(doctor, booking);
    await noticeFor(second, booking);
    await Promise.allSettled([
      doctor.react(room.roomId, idOf(notice), "✅"),
      second.react(room.roomId, idOf(notice), "✅"),
    ]);
    await expectGone(doctor, room.roomId, idOf(notice));
    await settled(stack);
    await expectGone(doctor, room.roomId, idOf(notice));
    second.stop();
  });

  it("stay acknowledged when the tick is taken back", async () => {
    const booking = unique("b");
    await put(booking);
    const notice = await noticeFor(doctor, booking);
    const click = await doctor.react(room.roomId, idOf(notice), "✅");
    await doctor.waitForRedaction(idOf(notice));
    await doctor.redact(room.roomId, click);
    await settled(stack);
    expect(await stateNow()).to.equal("acknowledged");
    expect((await historyOf(doctor, room.roomId)).filter(isNoticeOf(booking))).to.deep.equal([]);
  });

  it("cannot be acknowledged by anybody else: nobody else is in the room", async () => {
    const booking = unique("b");
    await put(booking);
    const notice = await noticeFor(doctor, booking);
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.roomId)}/send/m.reaction/${unique("txn")}`;
    const { status } = await receptionist.request("PUT", path, {
      "m.relates_to": { rel_type: "m.annotation", event_id: idOf(notice), key: "✅" },
    });
    expect(status).to.equal(403);
    await settled(stack);
    expect(await stateNow()).to.equal("waiting");
  });

  it("are not changed by a tick on a notice that was taken back", async () => {
    const booking = unique("b");
    await put(booking);
    const notice = await noticeFor(doctor, booking);
    await put(booking, { status: "cancelled" });
    await doctor.waitForRedaction(idOf(notice));
    await doctor.react(room.roomId, idOf(notice), "✅");
    await settled(stack);
    expect(await stateNow()).to.equal("retracted");
  });

  it("are listed on the board of the waiting room, by the command line", async () => {
    const booking = unique("b");
    const cara = unique("dr.board");
    await putUser(stack, cara, { doctor: true });
    await put(booking, { doctor: cara, patient_name: "Nora Wombat", location: "South wing" });
    const board = async () => {
      const { stdout } = await run(process.execPath, [
        ...["src/cli.ts", "arrivals", "board", "--config", stack.configFile],
      ]);
      return stdout.split("\n").filter((line) => line.includes(nameOf(cara)));
    };
    const [line, ...others] = await board();
    expect(others).to.deep.equal([]);
    expect(line).to.match(/^N\.W\. .* South wing .*waiting$/);
    await put(booking, { doctor: cara, status: "in_session" });
    expect(await board()).to.deep.equal([]);
  });

  it("tell a doctor who writes beside the notices how to reply", async () => {
    await doctor.sendText(room.roomId, "Is anybody there?");
    await doctor.waitForText("Nobody else reads what is written here.", room.roomId);
  });
});
