import { expect } from "chai";
import type { EventId } from "../../../src/policy/model.ts";
import { minutes, name, type Practice } from "../../support/practice/arrivals.ts";
import { openToldDoctor, type ToldDoctor } from "../../support/practice/told-doctor.ts";

describe("acknowledging an arrival", () => {
  let practice: Practice;
  let notice: EventId;
  let noticeRef: string;
  let write: ToldDoctor["write"];
  let state: ToldDoctor["state"];
  beforeEach(async () => {
    ({ practice, notice, noticeRef, write, state } = await openToldDoctor());
  });
  afterEach(() => practice.close());

  for (const [what, answer] of [
    ["✅", (to: EventId) => practice.react("dr.jones", to, "✅")],
    ["↩️", (to: EventId) => practice.react("dr.jones", to, "↩️")],
    ["a reply", (to: EventId) => write("Coming.", { "m.in_reply_to": { event_id: to } })],
  ] as const) {
    it(`${what} is handled again until the notice's send is recorded, as after a kill`, async () => {
      const recorded = "UPDATE outbox SET event_id = $2, sent_at = $3 WHERE ref = $1";
      await practice.database.query(recorded, [noticeRef, null, null]);
      const refused = await answer(notice).then(() => null, String);
      expect(refused).to.contain("handled again");
      expect(await state()).to.deep.equal(["waiting"]);
      await practice.database.query(recorded, [noticeRef, notice, new Date()]);
      await answer(notice);
      expect((await practice.deliver()).length).to.be.greaterThan(0);
    });
  }

  it("reactions to someone's own message do not wait for a send that is not recorded yet", async () => {
    const own = await write("Back at two.", null);
    await practice.database.query("UPDATE outbox SET event_id = NULL, sent_at = NULL WHERE ref = $1", [
      noticeRef,
    ]);
    await practice.react("dr.jones", own.event_id, "👍");
    expect(await state()).to.deep.equal(["waiting"]);
  });

  it("✅ stays on record when it is removed", async () => {
    const click = await practice.react("dr.jones", notice, "✅");
    await practice.deliver();
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: click.event_id } });
    expect(await practice.deliver()).to.deep.equal([]);
    expect(await state()).to.deep.equal(["acknowledged"]);
  });

  it("✅ from two clients at the same moment is one", async () => {
    await Promise.all([practice.react("dr.jones", notice, "✅"), practice.react("dr.jones", notice, "✅")]);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  it("✅ just as the booking is cancelled ends in one of the two states, and the notice is gone", async () => {
    await Promise.all([practice.react("dr.jones", notice, "✅"), practice.put({ status: "cancelled" })]);
    expect((await state())[0]).to.be.oneOf(["acknowledged", "retracted"]);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  for (const [who, sender] of [
    ["somebody else", "mia.chen"],
    ["the bot", "@whisper:practice.test"],
  ] as const) {
    it(`✅ by ${who} changes nothing`, async () => {
      await practice.react(sender, notice, "✅", "!arrivals:dr.jones");
      expect(await practice.deliver()).to.deep.equal([]);
      expect(await state()).to.deep.equal(["waiting"]);
    });
  }

  it("✅ on a retracted notice changes nothing", async () => {
    await practice.put({ status: "cancelled" });
    await practice.deliver();
    await practice.react("dr.jones", notice, "✅");
    expect(await practice.deliver()).to.deep.equal([]);
    expect(await state()).to.deep.equal(["retracted"]);
  });

  it("✅ on an earlier posting does not acknowledge the current one", async () => {
    await practice.user("dr.smith", { doctor: true });
    await practice.put({ doctor: name("dr.smith") });
    await practice.put({});
    await practice.deliver();
    await practice.react("dr.jones", notice, "✅");
    expect((await practice.notices()).find(({ username }) => username === "dr.jones")).to.include({
      state: "waiting",
      posting: 2,
    });
  });

  it("✅ counts before the notice's event id is recorded, found by the received event", async () => {
    const ref = (await practice.sent("arrivals:dr.jones"))[0]?.ref;
    await practice.database.query("UPDATE outbox SET event_id = NULL, sent_at = NULL WHERE ref = $1", [ref]);
    await practice.database.query(
      "INSERT INTO inbox (event_id, room_id, type, event) VALUES ($1, '!arrivals:dr.jones', 'm.room.message', $2)",
      [notice, { sender: "@whisper:practice.test", content: { "au.healthtrack.whisper.ref": ref } }],
    );
    await practice.react("dr.jones", notice, "✅");
    expect(await state()).to.deep.equal(["acknowledged"]);
  });

  it("✅ on someone's own event that pretends to be a notice changes nothing", async () => {
    const ref = (await practice.sent("arrivals:dr.jones"))[0]?.ref;
    await practice.put({ bookingId: "b2", patientId: "2", appointmentAt: minutes(200) });
    const forged = await write("x", null, { "au.healthtrack.whisper.ref": ref });
    await practice.react("dr.jones", forged.event_id, "✅");
    expect(await state()).to.deep.equal(["waiting", "waiting"]);
  });
});
