import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import type { MatrixEvent, Room } from "matrix-js-sdk";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, conversationOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { startPushGateway } from "../../support/homeserver/push-gateway.ts";
import { arrivalsRoom, expectGone, expectOneNotice, isNoticeOf } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, historyOf, nameOf, putUser, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

/** A time of today on the practice's clock: a notice says the date of any other day. */
const todayAt = (time: string): string => {
  const zone = { timeZone: "Australia/Sydney" };
  const day = new Intl.DateTimeFormat("en-CA", zone).format();
  const named = new Intl.DateTimeFormat("en", { ...zone, timeZoneName: "longOffset" }).formatToParts();
  const offset = named.find(({ type }) => type === "timeZoneName")?.value.replace("GMT", "");
  return `${day}T${time}:00${offset}`;
};

const run = promisify(execFile);

/** Seconds since the test began, as HealthTrack's clock shows them: each change is a second later than the one before. */
const started = Date.now();
let second = 0;

interface Booking {
  readonly status: string;
  readonly patient_id: string;
  readonly patient_name: string | null;
  readonly doctor: string;
  readonly location: string;
  readonly appointment_at: string;
  readonly changed_by: string;
  readonly changed_at: string;
}

const arrivalList = z.looseObject({
  arrivals: z.array(
    z.looseObject({
      state: z.string(),
      recipients: z.array(z.looseObject({ username: z.string(), state: z.string() })),
    }),
  ),
});

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const mia = unique("mia");
  const jones = unique("dr.jones");
  let receptionist: Person;
  let doctor: Person;
  let room: Room;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    receptionist = await hire(stack, mia);
    doctor = await hire(stack, jones, { doctor: true });
    room = await arrivalsRoom(doctor);
  });

  const put = async (id: string, changes: Partial<Booking> = {}) => {
    second += 1;
    const answer = await callApi(stack, "PUT", `/api/v1/bookings/${id}`, {
      status: "arrived",
      patient_id: id,
      patient_name: "Alice Quokka",
      doctor: jones,
      location: "Main St",
      appointment_at: todayAt("10:30"),
      changed_by: mia,
      changed_at: new Date(started + second * 1_000).toISOString(),
      ...changes,
    });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    return answer.body as { applied: boolean; arrival?: { state: string; recipients: object[] } };
  };

  const noticeFor = (person: Person, booking: string): Promise<MatrixEvent> =>
    person.waitForEvent(
      `the notice of ${booking}`,
      (event) => isNoticeOf(booking)({ content: event.getContent() }) && event.getRelation() == null,
    );
  /** The text in which the message was edited. A client shows it in place of the first one. */
  const editOf = async (person: Person, message: MatrixEvent): Promise<string> => {
    const edit = await person.waitForEvent("the edit", (event) => {
      const relation = event.getWireContent()["m.relates_to"];
      return relation?.rel_type === "m.replace" && relation.event_id === idOf(message);
    });
    return bodyOf(edit);
  };
  const idOf = (event: MatrixEvent): string => event.getId() ?? "";
  const newest = async (username = jones) => {
    const path = `/api/v1/arrivals?doctor=${username}&limit=1`;
    return arrivalList.parse(await mustCallApi(stack, "GET", path)).arrivals[0];
  };
  const stateNow = async () => (await newest())?.state;

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
    const answer = await fetch(new URL(new URL(url).pathname, stack.whisper), { redirect: "manual" });
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
      await doctor.waitForReaction(idOf(notice), "5️⃣");
      await doctor.react(room.roomId, idOf(notice), "5️⃣");
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
      // Nothing of the patient is left in the edit either.
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

  describe("reach the staff who are configured to receive arrival messages", () => {
    it("at their location, or all of them, by the Patient Arrived Alerts setting", async () => {
      const [north, nurse, manager] = [unique("North"), unique("nurse"), unique("manager")];
      await putUser(stack, nurse, { locations: [north] } as object);
      await putUser(stack, manager);
      for (const [username, alerts] of [
        [nurse, "location"],
        [manager, "all"],
      ]) {
        await mustCallApi(stack, "PATCH", `/api/v1/users/${username}/preferences`, {
          patient_arrived_alerts: alerts,
        });
      }
      const booking = unique("b");
      const { arrival } = await put(booking, { location: north });
      expect(arrival?.recipients).to.have.deep.members(
        [jones, nurse, manager].map((username) => ({ username, state: "waiting" })),
      );
      await mustCallApi(stack, "PATCH", `/api/v1/users/${manager}/preferences`, {
        patient_arrived_alerts: "off",
      });
      const at = await hire(stack, nurse, { locations: [north] } as object);
      expect(bodyOf(await noticeFor(at, booking))).to.include(`for ${nameOf(jones)}`);
    });

    it("also a doctor who never receives direct messages", async () => {
      const quiet = unique("dr.quiet");
      const person = await hire(stack, quiet, { doctor: true });
      await mustCallApi(stack, "PATCH", `/api/v1/users/${quiet}/preferences`, { never_receive: true });
      const booking = unique("b");
      await put(booking, { doctor: quiet });
      await noticeFor(person, booking);
    });

    it("also, without a sound, a doctor who keeps Whisper hidden", async () => {
      const [hidden, other] = [unique("dr.hidden"), unique("dr.open")];
      const [quietly, aloud] = [
        await hire(stack, hidden, { doctor: true }),
        await hire(stack, other, { doctor: true }),
      ];
      const gateway = await startPushGateway();
      try {
        for (const person of [quietly, aloud]) await gateway.register(person);
        await mustCallApi(stack, "PATCH", `/api/v1/users/${hidden}/preferences`, { keep_hidden: true });
        await settled(stack);
        const booking = unique("b");
        await put(booking, { doctor: hidden });
        const notice = await noticeFor(quietly, booking);
        await put(unique("b"), { doctor: other });
        const loud = (await arrivalsRoom(aloud)).roomId;
        await eventually("the other doctor's phone to ring", () =>
          gateway.received.some(({ room_id, event_id }) => room_id === loud && event_id !== undefined),
        );
        // What came before they chose to be hidden, such as the card of a room that was just made, may have rung.
        expect(gateway.received.filter(({ event_id }) => event_id === notice.getId())).to.deep.equal([]);
      } finally {
        await gateway.stop();
      }
    });

    it("a doctor who switches them on by prefs arrivals own", async () => {
      const switching = unique("dr.switch");
      const person = await hire(stack, switching, { doctor: true });
      const control = await roomOfKind(person, "control");
      await person.sendText(control.roomId, "prefs arrivals off");
      await person.waitForText(/^Your settings.*arrivals off/s, control.roomId);
      expect((await put(unique("b"), { doctor: switching })).arrival?.state).to.equal("undeliverable");
      await person.sendText(control.roomId, "prefs arrivals own");
      await person.waitForText(/^Your settings.*arrivals own/s, control.roomId);
      const booking = unique("b");
      await put(booking, { doctor: switching });
      await noticeFor(person, booking);
    });

    it("not a doctor who is inactive: whoever marked it is told", async () => {
      const control = await roomOfKind(receptionist, "control");
      const away = unique("dr.away");
      await putUser(stack, away, { doctor: true, active: false });
      const booking = unique("b");
      expect((await put(booking, { doctor: away })).arrival).to.deep.include({
        state: "undeliverable",
        recipients: [{ username: away, state: "undeliverable", reason: "inactive" }],
      });
      const said = `${nameOf(away)} was not told that A.Q. (Patient ${booking}) has arrived: their HealthTrack account is not active.`;
      await receptionist.waitForText(said, control.roomId);
    });

    it("no longer a doctor who is taken out of use after they were told: whoever marked it is told", async () => {
      const control = await roomOfKind(receptionist, "control");
      const leaving = unique("dr.leaving");
      const person = await hire(stack, leaving, { doctor: true });
      const booking = unique("b");
      await put(booking, { doctor: leaving });
      await noticeFor(person, booking);
      await mustCallApi(stack, "DELETE", `/api/v1/users/${leaving}`);
      const said = `${nameOf(leaving)} can no longer see that A.Q. (Patient ${booking}) has arrived: their HealthTrack account is not active.`;
      await receptionist.waitForText(said, control.roomId);
      expect((await newest(leaving))?.recipients[0]).to.include({ state: "undeliverable" });
    });

    it("not a doctor who is unknown or has switched them off: whoever marked it is told in the control room", async () => {
      const control = await roomOfKind(receptionist, "control");
      const off = unique("dr.off");
      await putUser(stack, off, { doctor: true });
      await mustCallApi(stack, "PATCH", `/api/v1/users/${off}/preferences`, {
        patient_arrived_alerts: "off",
      });
      const unknown = unique("dr.who");
      const [one, two] = [unique("b"), unique("b")];
      expect((await put(one, { doctor: unknown })).arrival).to.deep.include({
        state: "undeliverable",
        recipients: [{ username: unknown, state: "undeliverable", reason: "no-account" }],
      });
      expect((await put(two, { doctor: off })).arrival?.recipients).to.deep.equal([
        { username: off, state: "undeliverable", reason: "alerts-off" },
      ]);
      await receptionist.waitForText(
        `${unknown} was not told that A.Q. (Patient ${one}) has arrived`,
        control.roomId,
      );
      await receptionist.waitForText(
        `${nameOf(off)} was not told that A.Q. (Patient ${two}) has arrived: their Patient Arrived Alerts are off.`,
        control.roomId,
      );
    });
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
