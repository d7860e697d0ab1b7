import { expect } from "chai";
import { wordsNotSent } from "../../../src/conversations/not-sent.ts";
import { type GivenUpHandlers, settleGivenUp } from "../../../src/messages/given-up.ts";
import type { EventId, RoomId } from "../../../src/policy/model.ts";
import * as words from "../../../src/sms/words.ts";
import { id, logProvider, MOBILE, openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("a message flagged with #sms", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let room: RoomId;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room } = await sms.between("anna", "mia"));
  });
  afterEach(() => sms.close());

  const say = (body: string, from = "anna") => sms.house.say(room, from, body);
  it("goes out once, says who and which practice, and shows that it was delivered", async () => {
    const event = await say("Please call the ward #sms");
    await sms.work();
    expect(sms.twilio.sent.map(({ to, body }) => ({ to, body }))).to.deep.equal([
      { to: MOBILE, body: "Please call the ward\n- Anna Lee, Test practice" },
    ]);
    expect(await sms.states()).to.deep.equal(["delivered"]);
    expect(await sms.signs(event)).to.deep.equal(["📱", "✅"]);
  });

  it("leaves out patients", async () => {
    await say("#sms see #patient 0012 in room 2");
    await sms.work();
    expect(sms.twilio.sent[0]?.body).to.equal("see in room 2\n- Anna Lee, Test practice");
  });

  it("keeps patients if the practice wants them", async () => {
    sms.settings = { ...sms.settings, includePatients: true };
    await say("#sms see #patient 0012");
    await sms.work();
    expect(sms.twilio.sent[0]?.body).to.include("see #patient 0012");
  });

  it("may only say that there is a message", async () => {
    sms.settings = { ...sms.settings, body: "notice" };
    await say("Secret #sms");
    await sms.work();
    expect(sms.twilio.sent[0]?.body).to.equal(
      "New message from Anna Lee, Test practice. Open Whisper to read it.",
    );
  });

  it("is flagged by the content key, and by one's own 📱 later", async () => {
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: { msgtype: "m.text", body: "By key", "au.healthtrack.whisper.sms": true },
    });
    const event = await say("By reaction");
    await react(event, "📱", "mia");
    await sms.work();
    expect(sms.twilio.sent.map(({ body }) => body.split("\n")[0])).to.deep.equal(["By key"]);
    await react(event, "📱", "anna");
    await react(event, "📱", "anna");
    await sms.work();
    expect(sms.twilio.sent.map(({ body }) => body.split("\n")[0])).to.deep.equal(["By key", "By reaction"]);
  });

  const react = (event: EventId, key: string, from: string) =>
    sms.house.event({
      room,
      sender: id(from),
      type: "m.reaction",
      content: { "m.relates_to": { rel_type: "m.annotation", event_id: event, key } },
    });
  const edit = (event: EventId, body: string) =>
    sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: `* ${body}`,
        "m.new_content": { msgtype: "m.text", body },
        "m.relates_to": { rel_type: "m.replace", event_id: event },
      },
    });

  it("is not sent again by an edit, and an edit that flags says what to do", async () => {
    const flagged = await say("One #sms");
    await edit(flagged, "One, corrected #sms");
    const plain = await say("Two");
    await edit(plain, "Two #sms");
    await sms.work();
    expect(sms.twilio.sent).to.have.length(1);
    expect(await sms.notes()).to.deep.equal([words.editNotSent]);
    await react(plain, "📱", "anna");
    await sms.work();
    expect(sms.twilio.sent[1]?.body).to.match(/^Two\n/);
  });

  it("is not sent again when it is repeated in another room", async () => {
    const event = await say("One #sms");
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: { msgtype: "m.text", body: "One #sms", "au.healthtrack.whisper.ref": `moved:${event}` },
    });
    await sms.work();
    expect(sms.twilio.sent).to.have.length(1);
  });

  it("is not sent any more once it is deleted, while it waits", async () => {
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    const event = await say("Later #sms");
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.redaction",
      content: { redacts: event },
    });
    sms.house.clock += 86_400_000;
    await sms.work();
    expect(await sms.states()).to.deep.equal(["cancelled"]);
    expect(sms.twilio.asked).to.equal(0);
  });

  it("waits for the end of quiet hours, and says so", async () => {
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    await say("Later #sms");
    await sms.work(1);
    expect(sms.twilio.asked).to.equal(0);
    expect((await sms.notes())[0]).to.match(/This one goes out at 11:59/);
    const held = await sms.house.database.query<{ at: Date }>("SELECT not_before AS at FROM sms_messages");
    sms.house.clock = held.rows[0]?.at.getTime() ?? 0;
    await sms.work();
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("goes out after quiet hours also when Twilio first asks to wait, as it may when many go out at once", async () => {
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    await say("Later #sms");
    await sms.work(1);
    // Since it was written, more time has passed than an SMS is tried for.
    await sms.house.database.query(
      "UPDATE sms_messages SET said_at = said_at - interval '1 day', not_before = not_before - interval '1 day'",
    );
    const { rows } = await sms.house.database.query<{ at: Date }>(
      "SELECT not_before AS at FROM sms_messages",
    );
    sms.house.clock = rows[0]?.at.getTime() ?? 0;
    sms.twilio.faults.push("429");
    await sms.work();
    sms.house.clock += 30_000;
    await sms.work();
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("is not tried again in quiet hours either", async () => {
    sms.twilio.faults.push("429");
    await say("Soon #sms");
    await sms.work(1);
    expect(await sms.states()).to.deep.equal(["queued"]);
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    sms.house.clock += 60_000;
    await sms.work();
    expect(await sms.states()).to.deep.equal(["queued"]);
    sms.settings = { ...sms.settings, quietHours: null };
    await sms.house.database.query("UPDATE graphile_worker._private_jobs SET run_at = now()");
    await sms.work();
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("is found at Twilio, and not sent again, when the database was restored from a backup", async () => {
    await say("Once #sms");
    await sms.work();
    await sms.house.database.query("UPDATE sms_messages SET state = 'queued', tries = 0");
    await sms.house.database.query("DELETE FROM sms_attempts");
    sms.house.clock += 10 * 60_000;
    await sms.house.database.transaction(async (tx) => {
      await tx.query("SELECT queue_jobs($1)", [
        JSON.stringify([
          { identifier: "sms", payload: { sms_id: "1" }, job_key: "x", max_attempts: 5, priority: 0 },
        ]),
      ]);
    });
    await sms.work();
    expect(sms.twilio.sent).to.have.length(1);
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("leaves out links that Whisper or a client put into the message", async () => {
    const event = await say("See #patient 0012 please");
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "* See Patient 0012 please",
        "m.new_content": { msgtype: "m.text", body: "See Patient 0012 please" },
        "m.relates_to": { rel_type: "m.replace", event_id: event },
        "au.healthtrack.whisper.ref": "patients:x",
      },
    });
    await react(event, "📱", "anna");
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "Now Patient 0012 #sms",
        "au.healthtrack.whisper.patients": ["0012"],
      },
    });
    await sms.work();
    expect(sms.twilio.sent.map(({ body }) => body.split("\n")[0]?.trim())).to.deep.equal([
      "See please",
      "Now",
    ]);
  });

  it("leaves out each link whole when one begins like another", async () => {
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "Patient 1, Patient 12, Patient 123 #sms",
        "au.healthtrack.whisper.patients": ["1", "12"],
      },
    });
    await sms.work();
    expect(sms.twilio.sent[0]?.body.split("\n")[0]).to.equal(", , Patient 123");
  });

  it("is only shown where no provider is set up", async () => {
    await sms.close();
    sms = await openSmsHouse({}, { provider: logProvider });
    ({ room } = await sms.between("anna", "mia"));
    await say("Hello #sms");
    await sms.work();
    expect(await sms.states()).to.deep.equal(["shown"]);
    expect(await sms.notes()).to.deep.equal([words.shown("Hello\n- Anna Lee, Test practice")]);
  });

  it("is not quoted to the administrators if it cannot be shown", async () => {
    await sms.close();
    sms = await openSmsHouse({}, { provider: logProvider });
    ({ room } = await sms.between("anna", "mia"));
    await say("Confidential #sms");
    await sms.work();
    const { database, dependencies } = sms.house;
    await database.query("UPDATE outbox SET dropped_at = now(), attempts = 1 WHERE ref = 'sms:1:shown'");
    const handlers = wordsNotSent(dependencies.directory, dependencies.settings);
    await settleGivenUp(database, handlers as GivenUpHandlers, "sms:1:shown");
    const told = (await sms.house.sent()).filter(({ ref }) => ref === "not-sent:sms:1:shown");
    expect(told).to.have.length(1);
    expect(JSON.stringify(told)).not.to.include("Confidential");
  });

  it("leaves no number, text or token in the log", async () => {
    sms.twilio.faults.push("503 not accepted", "answer cut off", "no answer");
    for (let times = 0; times < 3; times++) await say("Confidential #sms");
    await sms.work(4);
    expect(sms.lines.join("\n")).not.to.match(/412345678|Confidential|only-for-tests-token/);
  });
});
