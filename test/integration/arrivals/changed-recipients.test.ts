import { expect } from "chai";
import { followRecipients } from "../../../src/arrivals/changed-recipients.ts";
import { importDirectory } from "../../../src/directory/import.ts";
import { directorySchema, userSchema } from "../../../src/directory/input/schema.ts";
import { putUser } from "../../../src/directory/users.ts";
import { directoryChanges } from "../../../src/wiring/directory-changes.ts";
import { minutes, name, openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";
import { RECORD } from "../../support/practice/record-keys.ts";

describe("a recipient who was told and cannot use Whisper any more", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const follow = () => followRecipients(practice.database, practice.dependencies);
  const recipients = async () =>
    (await practice.notices()).map(({ username, state, reason, reported, shown }) => ({
      username,
      state,
      reason,
      reported,
      shown,
    }));
  const jones = (rest: object) => ({
    username: "dr.jones",
    reason: null,
    reported: null,
    shown: false,
    ...rest,
  });
  const reports = async () => (await practice.sent("control:mia.chen")).map(textOf);

  for (const [settings, reason, why] of [
    [{ active: false }, "inactive", "their HealthTrack account is not active."],
    [{ access: false }, "no-access", "they do not have access to Whisper."],
  ] as const) {
    it(`becomes undeliverable, and whoever marked the arrival is told once: ${reason}`, async () => {
      await practice.put({});
      await practice.deliver();
      await practice.user("dr.jones", { doctor: true, ...settings });
      await follow();
      await follow();
      expect(await recipients()).to.deep.equal([jones({ state: "undeliverable", reason, reported: true })]);
      expect((await practice.arrivals())[0]?.state).to.equal("undeliverable");
      expect(await reports()).to.deep.equal([
        `Dr Jones can no longer see that A.J. (Patient 12345) has arrived: ${why} Please tell them yourself.`,
      ]);
      // The notice is removed from the room too, in case they come back.
      expect((await practice.sent("arrivals:dr.jones")).at(-1)?.type).to.equal("m.room.redaction");
    });
  }

  it("is reported to no one if whoever marked the arrival is also gone", async () => {
    await practice.put({});
    await practice.user("dr.jones", { doctor: true, active: false });
    await practice.user("mia.chen", { active: false });
    await follow();
    expect(await recipients()).to.deep.equal([
      jones({ state: "undeliverable", reason: "inactive", reported: false }),
    ]);
    expect(await reports()).to.deep.equal([]);
  });

  it("stays as they are if they had answered, or the patient is seen", async () => {
    await practice.put({});
    const [, { arrival }] = [
      await practice.deliver(),
      await practice.put({ bookingId: "b2", patientId: "2" }),
    ];
    await practice.deliver();
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`),
      "✅",
    );
    await practice.put({ status: "in_session" });
    const before = await recipients();
    await practice.user("dr.jones", { doctor: true, active: false });
    await follow();
    expect(await recipients()).to.deep.equal(before);
    expect(await reports()).to.deep.equal([]);
  });

  it("does not include someone who switches alerts off, since recipients are decided on arrival", async () => {
    await practice.put({});
    await practice.user("dr.jones", { doctor: true, alerts: "off" });
    await follow();
    expect(await recipients()).to.deep.equal([jones({ state: "waiting", shown: true })]);
  });

  it("leaves everyone else waiting", async () => {
    await practice.user("nurse", { alerts: "all" });
    await practice.put({});
    await practice.user("nurse", { alerts: "all", active: false });
    await follow();
    expect((await recipients()).map(({ username, state }) => [username, state])).to.deep.equal([
      ["dr.jones", "waiting"],
      ["nurse", "undeliverable"],
    ]);
  });

  it("is looked for after each directory change, in its transaction, and only then", async () => {
    const { database, dependencies } = practice;
    const queued = async () =>
      (
        await database.query(
          `DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
           WHERE t.id = j.task_id AND t.identifier = 'arrival_recipients' RETURNING j.id`,
        )
      ).rowCount;
    const user = { username: "dr.new", name: "Dr New", permissions: ["AccessWhisper"] };
    const sent = directorySchema.parse({ users: [user], security_groups: [] });
    const send = () =>
      database.transaction((tx) =>
        importDirectory(tx, dependencies.settings, directoryChanges(RECORD)({ is: "operator" }), sent, {
          dryRun: false,
          strict: false,
          allowMassDeactivation: true,
        }),
      );
    await send();
    expect(await queued()).to.equal(1);
    await send();
    expect(await queued()).to.equal(0);
    const refused = database.transaction(async (tx) => {
      const changed = userSchema.parse({ ...user, active: false });
      await putUser(tx, dependencies.settings, directoryChanges(RECORD)({ is: "operator" }), changed);
      throw new Error("not after all");
    });
    await refused.catch(() => undefined);
    expect(await queued()).to.equal(0);
  });
});

describe("a recipient who could not be told and can be now", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const follow = () => followRecipients(practice.database, practice.dependencies);
  const recipients = async () =>
    Object.fromEntries((await practice.notices()).map(({ username, state }) => [username, state]));
  const notices = async (username: string) =>
    (await practice.sent(`arrivals:${username}`)).filter(({ ref }) => ref.endsWith(":notice"));
  const reports = async () => (await practice.sent("control:mia.chen")).map(textOf);

  for (const [cause, before] of [
    ["not in the staff list", undefined],
    ["inactive", { doctor: true, active: false }],
    ["without access", { doctor: true, access: false }],
    ["alerts off", { doctor: true, alerts: "off" }],
  ] as const) {
    it(`is told automatically once when the cause is gone, and so is whoever marked it: ${cause}`, async () => {
      if (before !== undefined) await practice.user("dr.jones", before);
      await practice.put({});
      expect(await recipients()).to.deep.equal({ "dr.jones": "undeliverable" });
      await follow();
      expect(await notices("dr.jones")).to.deep.equal([]);
      await practice.user("dr.jones", { doctor: true });
      await follow();
      await follow();
      expect(await recipients()).to.deep.equal({ "dr.jones": "waiting" });
      expect((await practice.arrivals())[0]?.state).to.equal("waiting");
      expect((await notices("dr.jones")).map(textOf)).to.deep.equal([
        "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · marked by Mia Chen",
      ]);
      expect((await reports()).slice(1)).to.deep.equal([
        "Dr Jones has now been told that A.J. (Patient 12345) has arrived.",
      ]);
    });
  }

  for (const [what, booking] of [
    ["word for word", { changedAt: minutes(1) }],
    ["as a newer change", { changedAt: minutes(2) }],
    ["with another time", { changedAt: minutes(2), appointmentAt: minutes(95) }],
  ] as const) {
    it(`is told when the booking is sent again: ${what}`, async () => {
      await practice.put({ changedAt: minutes(1) });
      await practice.user("dr.jones", { doctor: true });
      const { applied, arrival } = await practice.put(booking);
      expect([applied, arrival?.notices.map(({ progress }) => progress.state)]).to.deep.equal([
        true,
        ["waiting"],
      ]);
      expect(await notices("dr.jones")).to.have.length(1);
      expect((await practice.put(booking)).applied).to.equal(false);
      expect(await notices("dr.jones")).to.have.length(1);
    });
  }

  it("is the doctor whose id was unknown when the patient came", async () => {
    await practice.put({ doctor: name("prov-4711") });
    expect(await recipients()).to.deep.equal({ "prov-4711": "undeliverable" });
    await practice.user("dr.jones", { doctor: true, doctorIds: ["PROV-4711"] });
    await follow();
    expect(await recipients()).to.deep.equal({ "dr.jones": "waiting" });
    expect(await practice.arrivals()).to.have.nested.property("[0].doctor", "dr.jones");
    expect(await notices("dr.jones")).to.have.length(1);
  });

  it("comes back after their notice was removed", async () => {
    await practice.user("dr.jones", { doctor: true });
    await practice.put({});
    await practice.deliver();
    await practice.user("dr.jones", { doctor: true, active: false });
    await follow();
    await practice.user("dr.jones", { doctor: true });
    await follow();
    expect(await recipients()).to.deep.equal({ "dr.jones": "waiting" });
    expect(await notices("dr.jones")).to.have.length(2);
  });

  it("is anyone whose settings cover the booking by then, if no one was told at all", async () => {
    await practice.user("nurse");
    await practice.put({});
    await practice.user("nurse", { alerts: "all" });
    await follow();
    expect(await recipients()).to.deep.equal({ "dr.jones": "undeliverable", nurse: "waiting" });
    // Someone has been told now. People who switch their alerts on later see the next arrival.
    await practice.user("other", { alerts: "all" });
    await follow();
    expect(Object.keys(await recipients())).to.deep.equal(["dr.jones", "nurse"]);
  });

  it("is no longer told once the patient has been seen", async () => {
    await practice.put({});
    await practice.put({ status: "in_session" });
    await practice.user("dr.jones", { doctor: true });
    await follow();
    expect(await notices("dr.jones")).to.deep.equal([]);
  });
});
