import { expect } from "chai";
import { changePreferences } from "../../../src/directory/preferences.ts";
import type { Username } from "../../../src/policy/model.ts";
import { signalPatientOpen } from "../../../src/signals/patient-open.ts";
import { id } from "../../support/practice/conversations.ts";
import { type Desktops, openDesktops } from "../../support/practice/desktops.ts";
import { SOMEONES_RECORD } from "../../support/practice/record-keys.ts";

const CHANGES = {
  changed: () => Promise.resolve(),
  problems: () => Promise.resolve(),
  record: SOMEONES_RECORD,
};

describe("the stream of what happens to a user", () => {
  let at: Desktops;
  beforeEach(async () => {
    at = await openDesktops();
  });
  afterEach(() => at.close());

  it("tells of a message from someone else, without its text", async () => {
    const mia = at.listen("mia");
    expect(await mia.next()).to.deep.include({
      event: "hello",
      data: { open_on_startup: false, open_on_message: false, missed: false },
    });
    const event = await at.say("Room 3 is free");
    const { data } = await mia.next();
    expect(data).to.deep.include({
      event_id: event,
      kind: "individual",
      room_id: at.room,
      sender: "anna",
      unread: 1,
    });
    expect(JSON.stringify(data)).to.not.contain("Room 3");
    await at.say("Really");
    expect((await mia.next()).data.unread).to.equal(2);
  });

  it("tells nobody of their own message, nor anybody who is not in the conversation", async () => {
    const [anna, ben, mia] = [at.listen("anna"), at.listen("ben"), at.listen("mia")];
    for (const each of [anna, ben, mia]) await each.next();
    await at.say("One");
    await at.say("Two", "mia");
    expect((await mia.next()).data.sender).to.equal("anna");
    // What anna hears first is what mia wrote.
    expect((await anna.next()).data.sender).to.equal("mia");
    const bens = Promise.race([ben.next(), mia.next().then(() => "mia heard the next one first")]);
    await at.say("Three");
    expect(await bens).to.equal("mia heard the next one first");
  });

  it("says whether the window is to come up, by the preferences of now", async () => {
    const mia = at.listen("mia");
    await mia.next();
    for (const [open, hidden, expected] of [
      [true, false, true],
      [false, false, false],
      [true, true, false],
    ] as const) {
      await at.house.database.transaction((tx) =>
        changePreferences(tx, CHANGES, "mia" as Username, { open_on_message: open, keep_hidden: hidden }, {}),
      );
      await at.say("Hello");
      expect((await mia.next()).data.open, `${open} ${hidden}`).to.equal(expected);
    }
  });

  it("brings no window up for what was written before Whisper was away, or heard by a desktop that was", async () => {
    await at.house.database.transaction((tx) =>
      changePreferences(tx, CHANGES, "mia" as Username, { open_on_message: true }, {}),
    );
    const mia = at.listen("mia");
    const { id: from } = await mia.next();
    const content = { msgtype: "m.text", body: "Hours ago" };
    await at.house.event({
      room: at.room,
      sender: id("anna"),
      type: "m.room.message",
      content,
      at: Date.now() - 3_600_000,
    });
    at.announce();
    expect((await mia.next()).data.open).to.equal(false);
    await at.say("Now");
    expect((await mia.next()).data.open).to.equal(true);
    await mia.leave();
    await at.house.database.query("UPDATE signals SET at = now() - interval '1 hour'");
    const again = at.listen("mia", from);
    await again.next();
    expect([(await again.next()).data.open, (await again.next()).data.open]).to.deep.equal([false, false]);
  });

  it("tells a person's own desktop, at once or never, that they opened a patient", async () => {
    const [mia, anna] = [at.listen("mia"), at.listen("anna")];
    const { id: from } = await mia.next();
    await anna.next();
    await at.house.database.transaction((tx) => signalPatientOpen(tx, "mia" as Username, "0012"));
    at.announce();
    expect(await mia.next()).to.deep.include({ event: "patient-open", data: { patient_id: "0012" } });
    await at.say("Hello", "mia");
    expect((await anna.next()).event).to.equal("message");
    await mia.leave();
    await at.house.database.query("UPDATE signals SET at = now() - interval '2 minutes'");
    const event = await at.say("Later");
    const again = at.listen("mia", from);
    await again.next();
    expect((await again.next()).data.event_id).to.equal(event);
  });

  it("counts what a person has not read once, however many desktops they have", async () => {
    const desktops = Array.from({ length: 5 }, () => at.listen("mia"));
    for (const desktop of desktops) await desktop.next();
    const before = at.statements.length;
    await at.say("Hello");
    for (const desktop of desktops) expect((await desktop.next()).data.unread).to.equal(1);
    expect(at.statements.slice(before).filter((text) => text.includes("AS unread"))).to.have.length(1);
  });

  it("never brings up the window of someone who never receives messages, even for a group", async () => {
    const opened = await at.house.open("anna", { users: ["mia", "ben"] });
    if (!("id" in opened)) throw new Error("the conversation was refused");
    const group = await at.house.giveRoom(opened.id, ["anna", "mia", "ben"].map(id));
    const patch = { open_on_message: true, never_receive: true };
    await at.house.database.transaction((tx) => changePreferences(tx, CHANGES, "mia" as Username, patch, {}));
    const mia = at.listen("mia");
    expect((await mia.next()).data.open_on_message).to.equal(false);
    await at.house.say(group, "ben", "For everyone");
    at.announce();
    expect((await mia.next()).data).to.deep.include({ kind: "custom", sender: "ben", open: false });
  });

  it("tells of neither corrections nor Whisper's answers", async () => {
    const mia = at.listen("mia");
    await mia.next();
    const first = await at.say("Hello");
    await mia.next();
    await at.house.event({
      room: at.room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "* Hi",
        "m.new_content": { msgtype: "m.text", body: "Hi" },
        "m.relates_to": { rel_type: "m.replace", event_id: first },
      },
    });
    await at.house.event({
      room: at.room,
      sender: at.house.dependencies.settings.bot,
      type: "m.room.message",
      content: { msgtype: "m.notice", body: "A note" },
    });
    const next = await at.say("Next");
    expect((await mia.next()).data.event_id).to.equal(next);
  });
});
