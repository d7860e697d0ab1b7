import { expect } from "chai";
import type { RoomId } from "../../../src/policy/model.ts";
import * as words from "../../../src/sms/words.ts";
import { id, MOBILE, openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("an SMS that comes in", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let room: RoomId;
  let conversation: string;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room, id: conversation } = await sms.between("anna", "mia"));
  });
  afterEach(() => sms.close());

  const incoming = (text: string, from: string = MOBILE, sid?: string) =>
    sms.twilio.incoming(from, text, sid);
  const say = async (text = "Hello #sms") => {
    await sms.house.say(room, "anna", text);
    await sms.work();
  };
  const messages = async () =>
    (await sms.house.sent()).flatMap(({ ref, content, conversation_id }) =>
      ref.startsWith("sms-in:") ? [{ body: content.body, here: conversation_id === conversation }] : [],
    );

  it("in reply goes into the conversation as that person, marked 📱, once", async () => {
    await say();
    expect(await incoming("On my way", MOBILE, "SM1")).to.equal(200);
    expect(await incoming("On my way", MOBILE, "SM1")).to.equal(200);
    expect(await messages()).to.deep.equal([{ body: "📱 On my way", here: true }]);
    const row = await sms.house.database.query("SELECT as_user FROM outbox WHERE ref = 'sms-in:SM1'");
    expect(row.rows).to.deep.equal([{ as_user: id("mia") }]);
  });

  for (const state of ["queued", "failed", "shown"])
    it(`goes past a colleague's newer SMS that never left (${state})`, async () => {
      await sms.house.staff({
        users: [
          { username: "anna", name: "Anna Lee" },
          { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
          { username: "max", name: "Max Chen" },
        ],
      });
      await say();
      const other = await sms.between("max", "mia");
      await sms.house.say(other.room, "max", "Newer #sms");
      await sms.house.database.query("UPDATE sms_messages SET state = $1 WHERE sender = 'max'", [state]);
      await incoming("On my way");
      expect(await messages()).to.deep.equal([{ body: "📱 On my way", here: true }]);
    });

  it("is not sent out as an SMS itself, whatever is in it", async () => {
    await say();
    await incoming("Why do you write #sms");
    const [posted] = (await sms.house.sent()).filter(({ ref }) => ref.startsWith("sms-in:"));
    await sms.house.event({
      room,
      sender: id("mia"),
      type: "m.room.message",
      content: { ...posted?.content, "au.healthtrack.whisper.ref": posted?.ref },
    });
    await sms.work();
    expect(sms.twilio.sent).to.have.length(1);
  });

  it("from nobody's number goes to the admin room", async () => {
    await incoming("Who is this?", "+61499111222");
    expect(await messages()).to.deep.equal([
      { body: words.fromNobody("+61499111222", "Who is this?"), here: false },
    ]);
  });

  it("from a number that two people share goes to the admin room, and to neither", async () => {
    await say();
    await sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
        { username: "max", name: "Max Chen", mobile: "+61 412 345 678" },
      ],
    });
    await incoming("Hello");
    expect(await messages()).to.deep.equal([
      { body: words.fromSeveral(MOBILE, ["Max Chen", "Mia Chen"], "Hello"), here: false },
    ]);
  });

  it("without an SMS that it could reply to goes to the admin room", async () => {
    await incoming("Hello");
    expect(await messages()).to.deep.equal([
      { body: words.noConversation("Mia Chen", "Hello"), here: false },
    ]);
  });

  it("to someone who never receives messages goes to the admin room", async () => {
    await say();
    await sms.house.database.query("INSERT INTO preferences (username, never_receive) VALUES ('anna', true)");
    await sms.house.database.query("UPDATE directory_revision SET revision = revision + 1");
    await sms.house.database.query(
      "INSERT INTO directory_changes (revision, kind, subject) SELECT revision, 'user', 'anna' FROM directory_revision",
    );
    await incoming("Hello");
    expect(await messages()).to.deep.equal([
      { body: words.noConversation("Mia Chen", "Hello"), here: false },
    ]);
  });

  it("that says STOP ends SMS to that number until START", async () => {
    await say();
    await incoming(" Stop. ");
    await incoming("STOP");
    await say("Two #sms");
    expect(sms.twilio.sent).to.have.length(1);
    expect(await sms.notes()).to.deep.equal([words.stopped("Mia Chen"), words.optedOut("Mia Chen")]);
    await incoming("Start");
    await say("Three #sms");
    expect(sms.twilio.sent).to.have.length(2);
  });

  it("that says STOP while an SMS waits stops that one too", async () => {
    await sms.house.say(room, "anna", "Hello #sms");
    await incoming("STOP");
    await sms.work();
    expect(sms.twilio.asked).to.equal(0);
    expect(await sms.states()).to.deep.equal(["failed"]);
  });

  it("that cannot be posted as a message is still seen", async () => {
    await say();
    expect(await incoming("null \u0000 character and half a pair \ud800")).to.equal(200);
    expect((await messages())[0]?.body).to.match(/^📱 null /);
  });
});
