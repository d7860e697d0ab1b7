import { expect } from "chai";
import { followRecipients } from "../../../src/arrivals/lost-recipients.ts";
import { importDirectory } from "../../../src/directory/import.ts";
import { directorySchema, userSchema } from "../../../src/directory/input/schema.ts";
import { putUser } from "../../../src/directory/users.ts";
import { directoryChanges } from "../../../src/wiring/directory-changes.ts";
import { openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";

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
    it(`is undeliverable then, and whoever marked the arrival is told, once: ${reason}`, async () => {
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
      // The notice leaves the room too, for when they come back.
      expect((await practice.sent("arrivals:dr.jones")).at(-1)?.type).to.equal("m.room.redaction");
    });
  }

  it("is reported to nobody when whoever marked the arrival is gone too", async () => {
    await practice.put({});
    await practice.user("dr.jones", { doctor: true, active: false });
    await practice.user("mia.chen", { active: false });
    await follow();
    expect(await recipients()).to.deep.equal([
      jones({ state: "undeliverable", reason: "inactive", reported: false }),
    ]);
    expect(await reports()).to.deep.equal([]);
  });

  it("stays what they are when they had answered, or when the patient is seen", async () => {
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

  it("is not meant by somebody who switches the alerts off: who is told was decided on arrival", async () => {
    await practice.put({});
    await practice.user("dr.jones", { doctor: true, alerts: "off" });
    await follow();
    expect(await recipients()).to.deep.equal([jones({ state: "waiting", shown: true })]);
  });

  it("leaves everybody else waiting", async () => {
    await practice.user("nurse", { alerts: "all" });
    await practice.put({});
    await practice.user("nurse", { alerts: "all", active: false });
    await follow();
    expect((await recipients()).map(({ username, state }) => [username, state])).to.deep.equal([
      ["dr.jones", "waiting"],
      ["nurse", "undeliverable"],
    ]);
  });

  it("is looked for after each change of the directory, in its transaction, and not when nothing changed", async () => {
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
        importDirectory(tx, dependencies.settings, directoryChanges, sent, { allowMassDeactivation: true }),
      );
    await send();
    expect(await queued()).to.equal(1);
    await send();
    expect(await queued()).to.equal(0);
    const refused = database.transaction(async (tx) => {
      const changed = userSchema.parse({ ...user, active: false });
      await putUser(tx, dependencies.settings, directoryChanges, changed);
      throw new Error("not after all");
    });
    await refused.catch(() => undefined);
    expect(await queued()).to.equal(0);
  });
});
