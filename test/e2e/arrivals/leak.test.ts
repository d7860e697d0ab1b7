import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { MatrixEvent } from "matrix-js-sdk";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { type PushGateway, startPushGateway } from "../../support/homeserver/push-gateway.ts";
import { arrivalsRoom, expectGone, isNoticeOf, newestArrival } from "../../support/stack/arrival-room.ts";
import { statesOfRooms } from "../../support/stack/room-states.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, roomOfKind, unique } from "../../support/stack/staff.ts";

/** Found only in messages to those whom the patient concerns. */
const NAME = "Zephyrine Quollington";
const ID = "PX774411";
const MESSAGE = "Her lithium level is back.";
const PLANTED = /zephyrine|quollington|PX774411|lithium/i;

const ESCALATED = "Corner Street";

describe("Nothing of a patient is found outside the messages about them, after a day of arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let gateway: PushGateway;
  const [mia, jones, smith] = [unique("mia"), unique("dr.jones"), unique("dr.smith")];
  let receptionist: Person;
  let doctor: Person;
  let arrivals: string;
  /** The answers to HealthTrack's mistakes. */
  const errors: string[] = [];
  let second = 0;

  const booking = (changes: object = {}) => {
    second += 1;
    return {
      status: "arrived",
      patient_id: ID,
      patient_name: NAME,
      doctor: jones,
      location: "Wattle Street",
      appointment_at: new Date().toISOString(),
      changed_by: mia,
      changed_at: new Date(Date.now() + second * 1_000).toISOString(),
      ...changes,
    };
  };
  const put = (id: string, changes: object = {}) =>
    mustCallApi(stack, "PUT", `/api/v1/bookings/${id}`, booking(changes));
  const noticeFor = (person: Person, id: string, nth = 0): Promise<MatrixEvent> =>
    person.until("the notice", () => {
      const notices = person.seen.filter(
        (event) => isNoticeOf(id)({ content: event.getContent() }) && event.getRelation() == null,
      );
      return notices[nth];
    });
  const idOf = (event: MatrixEvent) => event.getId() ?? "";

  before(async function () {
    this.timeout(240_000);
    gateway = await startPushGateway();
    stack = await freshStack({
      env: {
        WHISPER_ARRIVALS__SHOW: "name",
        WHISPER_ARRIVALS__ESCALATION: JSON.stringify([{ location: ESCALATED, after: "2s" }]),
      },
    });
    receptionist = await hire(stack, mia);
    doctor = await hire(stack, jones, { doctor: true });
    const colleague = await hire(stack, smith, { doctor: true });
    arrivals = (await arrivalsRoom(doctor)).roomId;
    for (const person of [receptionist, doctor, colleague]) await gateway.register(person);

    // Posted, corrected, replied to, acknowledged, looked up.
    const morning = unique("morning");
    await put(morning);
    const notice = await noticeFor(doctor, morning);
    expect(bodyOf(notice)).to.include(NAME).and.to.include(ID);
    await put(morning, { patient_name: `${NAME}-Smythe` });
    await doctor.replyInThread(notice, MESSAGE);
    await receptionist.waitForText(MESSAGE);
    await doctor.react(arrivals, idOf(notice), "✅");
    await expectGone(doctor, arrivals, idOf(notice));
    await doctor.sendText(arrivals, "history");
    await doctor.waitForText("Arrivals that you have acknowledged");

    // Nobody answers; another doctor; the homeserver refuses a send.
    const noon = unique("noon");
    await put(noon, { location: ESCALATED });
    await doctor.waitForText("has been waiting for");
    const control = await roomOfKind(receptionist, "control");
    await receptionist.waitForText(/\) has arrived for .*, and nobody has answered/, control.roomId, 30_000);
    const refusing = stack.proxy.inject({
      when: "before",
      match: { token: stack.appserviceToken, path: /\/send\/m\.room\.message\// },
      act: () => ({ kind: "answer", status: 425, body: { errcode: "M_UNKNOWN", error: `Not ${NAME}` } }),
    });
    await put(noon, { doctor: smith });
    await refusing.happened;
    await noticeFor(colleague, noon);
    await put(noon, { doctor: smith, status: "in_session" });

    // Nobody can be told.
    await put(unique("evening"), { doctor: unique("dr.who") });
    await receptionist.waitForText(`was not told that ${NAME} (Patient ${ID}) has arrived`, control.roomId);

    // HealthTrack makes mistakes.
    const wrong = `/api/v1/bookings/${unique("wrong")}`;
    for (const body of [
      booking({ patient_name: { given: NAME } }),
      booking({ patient_name: [NAME] }),
      booking({ patient_name: NAME.repeat(100) }),
      booking({ patient_id: { [ID]: ID } }),
      booking({ status: NAME, changed_at: ID, appointment_at: MESSAGE }),
      booking({ doctor: [NAME], location: { at: ID } }),
      [booking()],
    ]) {
      const { status, body: answer } = await callApi(stack, "PUT", wrong, body);
      expect(status, JSON.stringify(answer)).to.be.within(400, 499);
      errors.push(JSON.stringify(answer));
    }
    const torn = await fetch(new URL(wrong, stack.whisper), {
      method: "PUT",
      headers: { authorization: `Bearer ${stack.apiKey}`, "content-type": "application/json" },
      body: `{"patient_name":"${NAME}","patient_id":${ID}`,
    });
    expect(torn.status).to.equal(400);
    errors.push(await torn.text());
    await settled(stack);
  });
  after(async () => {
    await stack?.stop();
    await gateway?.stop();
  });

  const clean = (texts: readonly string[]) =>
    expect(texts.map((text) => PLANTED.exec(text)?.[0]).filter((found) => found !== undefined)).to.deep.equal(
      [],
    );

  it("the day was one: it was told of, passed on and recorded", async () => {
    expect((await newestArrival(stack, smith))?.state).to.equal("retracted");
    expect(JSON.stringify(await mustCallApi(stack, "GET", "/api/v1/arrivals"))).to.match(PLANTED);
  });

  it("not in Whisper's log", () => {
    const logs = stack.whisperLogs.map((file) => readFileSync(file, "utf8"));
    expect(logs.join("")).to.include("/api/v1/bookings").and.to.include("425 M_UNKNOWN");
    clean(logs);
  });

  it("not in the metrics", async () => {
    const metrics = await (await fetch(new URL("/metrics", stack.whisper))).text();
    expect(metrics).to.include("whisper_arrival_notices");
    clean([metrics]);
  });

  it("not in the answers to wrong requests", () => {
    expect(errors).to.have.lengthOf(8);
    clean(errors);
  });

  it("not in names, topics or any other state of rooms", async () => {
    const { rooms, texts } = await statesOfRooms(stack);
    expect(rooms).to.include(arrivals);
    clean(texts);
  });

  it("not in what a phone is told: no text of any message", async () => {
    const told = (room: string) => gateway.received.filter(({ room_id }) => room_id === room);
    await eventually("the notices to be pushed", async () => told(arrivals).length >= 2);
    const control = (await roomOfKind(receptionist, "control")).roomId;
    await eventually("the reports to be pushed", async () => told(control).length >= 2);
    const pair = await roomOfKind(receptionist, "individual");
    await eventually("the reply to be pushed", async () => told(pair.roomId).length >= 1);
    for (const notification of gateway.received) expect(notification).not.to.have.property("content");
    clean(gateway.received.map((notification) => JSON.stringify(notification)));
  });
});
