import { expect } from "chai";
import { boardOf } from "../../../src/arrivals/notices/board.ts";
import { waitingArrivals } from "../../../src/arrivals/record/list.ts";
import {
  minutes,
  name,
  openPractice,
  type Practice,
  progressOf,
  textOf,
} from "../../support/practice/arrivals.ts";

describe("bookings that change", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("dr.smith", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  it("tells everyone whose Patient Arrived Alerts cover the booking, and no one else", async () => {
    await practice.user("nurse.main", { alerts: "location", locations: ["main st"] });
    await practice.user("nurse.north", { alerts: "location", locations: ["North"] });
    await practice.user("manager", { alerts: "all" });
    const { arrival } = await practice.put({});
    expect(progressOf(arrival)).to.deep.equal({
      "dr.jones": "waiting",
      manager: "waiting",
      "nurse.main": "waiting",
    });
    expect((await practice.sent("arrivals:manager")).map(textOf)[0]).to.equal(
      "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · for Dr Jones · marked by Mia Chen",
    );
  });

  it("tells a doctor who never receives direct messages", async () => {
    await practice.user("dr.jones", { doctor: true, neverReceive: true });
    expect(progressOf((await practice.put({})).arrival)).to.deep.equal({ "dr.jones": "waiting" });
  });

  it("recognises the doctor however HealthTrack writes the username", async () => {
    const { arrival } = await practice.put({ doctor: name("DR.Jones"), changedBy: name("Mia.Chen") });
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "waiting" });
    expect(arrival).to.include({ doctor: "dr.jones", markedBy: "mia.chen" });
  });

  for (const [why, prepare, doctor, reason, sentence] of [
    [
      "is not in the staff list",
      undefined,
      "dr.who",
      "no-account",
      "dr.who was not told that A.J. (Patient 12345) has arrived: they are not in the staff list. Please tell them yourself.",
    ],
    [
      "is inactive",
      { doctor: true, active: false },
      "dr.jones",
      "inactive",
      "Dr Jones was not told that A.J. (Patient 12345) has arrived: their HealthTrack account is not active. Please tell them yourself.",
    ],
    [
      "has no access",
      { doctor: true, access: false },
      "dr.jones",
      "no-access",
      "Dr Jones was not told that A.J. (Patient 12345) has arrived: they do not have access to Whisper. Please tell them yourself.",
    ],
    [
      "has switched the alerts off",
      { doctor: true, alerts: "off" },
      "dr.jones",
      "alerts-off",
      "Dr Jones was not told that A.J. (Patient 12345) has arrived: their Patient Arrived Alerts are off. Please tell them yourself.",
    ],
  ] as const) {
    it(`records a doctor who ${why}, and tells whoever marked the arrival`, async () => {
      if (prepare) await practice.user(doctor, prepare);
      const { applied, arrival } = await practice.put({ doctor: name(doctor) });
      expect(applied).to.equal(true);
      expect(arrival?.notices[0]?.progress).to.deep.equal({ state: "undeliverable", reason, reported: true });
      const [only, ...others] = await practice.sent();
      expect(others).to.deep.equal([]);
      expect([only?.conversation, only && textOf(only)]).to.deep.equal(["control:mia.chen", sentence]);
    });
  }

  it("accepts an arrival that no one can be told about, and records that", async () => {
    const { applied, arrival } = await practice.put({ doctor: name("dr.who"), changedBy: name("kiosk") });
    expect(applied).to.equal(true);
    expect(arrival?.notices[0]?.progress).to.include({ state: "undeliverable", reported: false });
    expect(await practice.sent()).to.deep.equal([]);
    expect((await practice.arrivals())[0]).to.include({ state: "undeliverable", marked_by: "kiosk" });
  });

  it("never sends a notice that was retracted before it could be sent", async () => {
    await practice.put({});
    await practice.put({ status: "cancelled" });
    expect((await practice.sent()).map(({ dropped }) => dropped)).to.deep.equal([
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  it("redacts what may have been sent, even if its event is not known yet", async () => {
    const { arrival } = await practice.put({});
    await practice.attempt();
    await practice.put({ status: "no_show" });
    const redactions = (await practice.sent()).filter(({ type }) => type === "m.room.redaction");
    expect(redactions.map(({ target_ref }) => target_ref)).to.deep.equal([
      `arrival:${arrival?.id}:1:dr.jones:notice`,
    ]);
  });

  it("also redacts edits of the notice", async () => {
    await practice.put({});
    await practice.put({ appointmentAt: minutes(100) });
    await practice.deliver();
    await practice.put({ status: "in_session" });
    const redactions = (await practice.sent()).filter(({ type }) => type === "m.room.redaction");
    expect(redactions.map(({ target_ref }) => target_ref?.split(":").slice(3).join(":"))).to.deep.equal([
      "dr.jones:notice",
      "dr.jones:edit:1",
    ]);
  });

  it("moves the notice with the booking to another doctor", async () => {
    await practice.put({});
    await practice.deliver();
    const { arrival } = await practice.put({ doctor: name("dr.smith") });
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "retracted", "dr.smith": "waiting" });
    expect((await practice.messages("arrivals:dr.jones")).map(textOf).at(-1)).to.equal("m.room.redaction");
    expect((await practice.messages("arrivals:dr.smith")).map(textOf)).to.deep.equal([
      "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · marked by Mia Chen",
    ]);
  });

  it("posts a new notice when the patient arrives again", async () => {
    await practice.put({});
    await practice.deliver();
    await practice.put({ status: "booked" });
    await practice.put({});
    expect((await practice.messages("arrivals:dr.jones")).map(({ type }) => type)).to.deep.equal([
      "m.room.message",
      "m.room.redaction",
      "m.room.message",
    ]);
    expect((await practice.arrivals()).map(({ state, ended_by }) => [state, ended_by])).to.deep.equal([
      ["retracted", "unarrived"],
      ["waiting", null],
    ]);
  });

  it("treats the same PUT twice as one, and an older one changes nothing", async () => {
    const same = { changedAt: minutes(30) };
    expect((await practice.put(same)).applied).to.equal(true);
    const again = await practice.put(same);
    expect([again.applied, progressOf(again.arrival)]).to.deep.equal([false, { "dr.jones": "waiting" }]);
    const older = await practice.put({ status: "cancelled", changedAt: minutes(29) });
    expect([older.applied, progressOf(older.arrival)]).to.deep.equal([false, { "dr.jones": "waiting" }]);
    expect(await practice.messages("arrivals:dr.jones")).to.have.length(1);
  });

  it("applies two changes of one second in order: cancelled in the second in which the patient came", async () => {
    const same = { changedAt: minutes(30) };
    await practice.put(same);
    const { applied, arrival } = await practice.put({ ...same, status: "cancelled" });
    expect([applied, progressOf(arrival)]).to.deep.equal([true, { "dr.jones": "retracted" }]);
    const again = await practice.put(same);
    expect([again.applied, progressOf(again.arrival)]).to.deep.equal([true, { "dr.jones": "waiting" }]);
    // Both arrivals began in the same second. Which is the booking's latest?
    expect((await practice.put(same)).arrival?.id).to.equal(again.arrival?.id);
  });

  it("announces a booking that ended with another if it is marked again later, and reports that as a change", async () => {
    const changedAt = minutes(30);
    await practice.put({ changedAt });
    await practice.put({ bookingId: "b2", changedAt });
    const { arrival: seen } = await practice.put({ status: "in_session", changedAt: minutes(31) });
    const again = { bookingId: "b2", changedAt: new Date(changedAt.getTime() + 500) };
    const retried = await practice.put(again);
    expect([retried.applied, retried.arrival?.id]).to.deep.equal([false, seen?.id]);
    const marked = await practice.put({ bookingId: "b2", changedAt: minutes(40) });
    expect([marked.applied, progressOf(marked.arrival)]).to.deep.equal([true, { "dr.jones": "waiting" }]);
    expect(marked.arrival?.id).not.to.equal(seen?.id);
  });

  it("reports for a booking that moved to another arrival where it is, or was last", async () => {
    await practice.put({});
    await practice.put({ bookingId: "b2", doctor: name("dr.smith") });
    const { arrival } = await practice.put({ bookingId: "b2" });
    expect(arrival?.doctor).to.equal("dr.jones");
    await practice.put({ status: "in_session" });
    // Its patient and doctor are the same as before, so there is nothing to do.
    const seen = await practice.put({ bookingId: "b2", location: "North" });
    expect([seen.applied, seen.arrival?.id]).to.deep.equal([true, arrival?.id]);
  });

  it("keeps the arrival time if one of two bookings goes to another doctor", async () => {
    const { arrival: both } = await practice.put({ changedAt: minutes(10) });
    await practice.put({ bookingId: "b2", changedAt: minutes(10) });
    const { arrival } = await practice.put({
      bookingId: "b2",
      doctor: name("dr.smith"),
      changedAt: minutes(50),
    });
    expect(arrival?.id).not.to.equal(both?.id);
    expect((await practice.arrivals()).map(({ arrived_at }) => arrived_at)).to.deep.equal([
      minutes(10),
      minutes(10),
    ]);
    // The third sorts first now: by the record, the patient only moved to its doctor later.
    await practice.put({
      bookingId: "b3",
      doctor: name("dr.smith"),
      changedBy: name("kiosk"),
      changedAt: minutes(5),
    });
    expect((await practice.arrivals()).at(-1)?.arrived_at).to.deep.equal(minutes(5));
  });

  it("tells a second person who marks an arrival that its doctor cannot be told", async () => {
    await practice.put({ doctor: name("dr.who"), changedBy: name("kiosk") });
    expect(await practice.sent()).to.deep.equal([]);
    const { arrival } = await practice.put({ bookingId: "b2", doctor: name("dr.who") });
    expect(arrival?.notices[0]?.progress).to.include({ state: "undeliverable", reported: true });
    await practice.user("rita");
    await practice.put({ bookingId: "b3", doctor: name("dr.who"), changedBy: name("rita") });
    expect((await practice.sent()).map(({ conversation }) => conversation)).to.deep.equal([
      "control:mia.chen",
      "control:rita",
    ]);
  });

  it("shows the waiting room with patients who were answered for", async () => {
    const { arrival } = await practice.put({});
    await practice.put({ bookingId: "b2", patientId: "2", status: "booked" });
    await practice.put({ bookingId: "b3", patientId: "3" });
    await practice.put({ bookingId: "b3", patientId: "3", status: "in_session" });
    await practice.deliver();
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`),
      "⏳",
    );
    const board = boardOf(
      await waitingArrivals(practice.database, 500),
      await practice.dependencies.directory.fresh(),
      practice.dependencies.arrivalSettings,
      new Date(),
    );
    expect(board.split("\n").slice(1)).to.have.length(1);
    expect(board).to.match(/A\.J\. .*replied$/);
  });

  it("follows a booking that was marked for the wrong patient", async () => {
    await practice.put({});
    await practice.deliver();
    await practice.put({ patientId: "777", patientName: "Bob Ray" });
    expect((await practice.arrivals()).map(({ patient_id, state }) => [patient_id, state])).to.deep.equal([
      ["12345", "retracted"],
      ["777", "waiting"],
    ]);
  });

  it("makes the rooms that are missing, and asks for them", async () => {
    await practice.put({});
    const jobs = await practice.database.query<{ task_identifier: string }>(
      "SELECT task_identifier FROM graphile_worker.jobs ORDER BY task_identifier",
    );
    expect(jobs.rows.map(({ task_identifier }) => task_identifier)).to.deep.equal(["outbox", "room"]);
  });

  it("uses the directory as it is now, not as it was loaded", async () => {
    // Another process has changed it, and the notification has not arrived yet.
    await practice.database.query(
      "INSERT INTO users (username, name, doctor, permissions) VALUES ('dr.new', 'Dr New', true, '{AccessWhisper}')",
    );
    await practice.database.query("UPDATE directory_revision SET revision = revision + 1");
    expect(progressOf((await practice.put({ doctor: name("dr.new") })).arrival)).to.deep.equal({
      "dr.new": "waiting",
    });
  });
});
