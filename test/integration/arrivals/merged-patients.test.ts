import { expect } from "chai";
import { stateOf } from "../../../src/arrivals/rules/arrival.ts";
import { openPatientLink } from "../../../src/patients/patient-links.ts";
import {
  minutes,
  openPractice,
  type Practice,
  progressOf,
  type Sent,
  textOf,
  untilSomebodyWaits,
} from "../../support/practice/arrivals.ts";

describe("a patient whose records HealthTrack merges", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const noticesOf = async () =>
    (await practice.messages("arrivals:dr.jones")).filter(
      ({ ref, type }) => ref.endsWith(":notice") && type === "m.room.message",
    );
  /** The doctor clicks below the booking's only notice. */
  const click = async (booking: string, key: string) => {
    const sent = await practice.deliver();
    const notice = sent.find(({ content }) => JSON.stringify(content).includes(`"${booking}"`));
    await practice.react("dr.jones", notice?.event_id, key);
    await practice.deliver();
    return notice;
  };
  /** The patient whose record a message's link opens. */
  const opens = async (message: Sent | undefined) => {
    const token = /open\/patient\/([A-Za-z0-9_-]{32})/.exec(String(message?.content.formatted_body))?.[1];
    const link = await openPatientLink(practice.database, token ?? "");
    return typeof link === "string" ? link : { patientId: link.patientId };
  };

  it("stays acknowledged: the same arrival has the new id, and no one is told again", async () => {
    const { arrival: before } = await practice.put({});
    const notice = await click("b1", "✅");
    const { applied, arrival } = await practice.put({ patientId: "777", patientName: "Alice Jones-Ray" });
    expect([applied, progressOf(arrival)]).to.deep.equal([true, { "dr.jones": "acknowledged" }]);
    expect([arrival?.id, arrival?.patientId]).to.deep.equal([before?.id, "777"]);
    expect(await noticesOf()).to.have.length(1);
    expect(await practice.arrivals()).to.have.length(1);
    expect((await practice.arrivals())[0]).to.include({ patient_id: "777", patient_name: "Alice Jones-Ray" });
    expect(await opens(notice)).to.deep.equal({ patientId: "777" });
  });

  it("has the new id in a notice that was replied to, and the reply's link opens the new record", async () => {
    await practice.put({});
    await click("b1", "🚪");
    await practice.put({ patientId: "777" });
    const room = await practice.messages("arrivals:dr.jones");
    expect(room.map(textOf).at(-1)).to.contain("Patient 777");
    const [passedOn] = await practice.messages("individual:dr.jones:mia.chen");
    expect(textOf(passedOn as Sent)).to.contain("Patient 12345");
    expect(await opens(passedOn)).to.deep.equal({ patientId: "777" });
    // The notice is acknowledged under its new id like any other.
    const [notice] = await noticesOf();
    await practice.react("dr.jones", await practice.eventOf(notice?.ref), "✅");
    expect((await practice.arrivals()).map(({ state }) => state)).to.deep.equal(["acknowledged"]);
  });

  it("leaves links of other arrivals with the same id alone, since they may be someone else's", async () => {
    await practice.put({});
    await click("b1", "✅");
    await practice.put({ bookingId: "b2", appointmentAt: minutes(200) });
    const other = await click("b2", "✅");
    await practice.put({ patientId: "777" });
    expect(await opens(other)).to.deep.equal({ patientId: "12345" });
    await practice.event("dr.jones", {
      type: "m.room.message",
      content: { msgtype: "m.text", body: "history" },
    });
    const history = (await practice.messages("arrivals:dr.jones")).at(-1);
    expect(history && textOf(history))
      .to.contain("Patient 777")
      .and.to.contain("Patient 12345");
  });

  it("stays acknowledged when both of two bookings in a row follow, one after the other", async () => {
    await practice.put({});
    await practice.put({ bookingId: "b2", appointmentAt: minutes(105) });
    const notice = await click("b1", "✅");
    await practice.put({ patientId: "777" });
    const { arrival } = await practice.put({
      bookingId: "b2",
      appointmentAt: minutes(105),
      patientId: "777",
    });
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "acknowledged" });
    expect((await practice.arrivals()).map((row) => [row.patient_id, row.state])).to.deep.equal([
      ["777", "acknowledged"],
      ["777", "acknowledged"],
    ]);
    expect(await noticesOf()).to.have.length(1);
    expect(await opens(notice)).to.deep.equal({ patientId: "777" });
  });

  it("joins the notice that is waiting under the new id", async () => {
    await practice.put({});
    const notice = await click("b1", "✅");
    const { arrival: waiting } = await practice.put({
      bookingId: "b2",
      patientId: "777",
      appointmentAt: minutes(105),
    });
    const { arrival } = await practice.put({ patientId: "777" });
    expect([arrival?.id, arrival?.slots.length]).to.deep.equal([waiting?.id, 2]);
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "waiting" });
    expect(await opens(notice)).to.deep.equal({ patientId: "777" });
  });

  it("keeps the record if it happens after the visit, and announces nothing", async () => {
    await practice.put({});
    await practice.put({ bookingId: "b2", appointmentAt: minutes(105) });
    const notice = await click("b1", "✅");
    await practice.put({ status: "closed" });
    const sent = (await practice.sent()).length;
    // The second was never given another status.
    await practice.put({ bookingId: "b2", appointmentAt: minutes(105), patientId: "777" });
    expect(await opens(notice)).to.deep.equal({ patientId: "12345" });
    const { arrival } = await practice.put({ status: "closed", patientId: "777" });
    expect(arrival && [stateOf(arrival), arrival.patientId]).to.deep.equal(["acknowledged", "777"]);
    expect(await opens(notice)).to.deep.equal({ patientId: "777" });
    expect(await practice.sent()).to.have.length(sent);
  });

  it("is still announced if a click comes at the same moment", async () => {
    await practice.put({});
    const [notice] = await practice.deliver();
    await practice.react("dr.jones", notice?.event_id, "🚪");
    let clicked: Promise<unknown> | undefined;
    await practice.database.transaction(async (tx) => {
      await practice.putIn(tx, { patientId: "777" });
      clicked = practice.react("dr.jones", notice?.event_id, "✅");
      await untilSomebodyWaits(practice);
    });
    await clicked;
    expect((await practice.arrivals()).map((row) => [row.patient_id, row.state])).to.deep.equal([
      ["777", "acknowledged"],
    ]);
  });
});
