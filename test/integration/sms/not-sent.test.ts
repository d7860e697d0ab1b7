import { expect } from "chai";
import { MAGIC } from "../../../dev/clients/twilio-magic.ts";
import type { EventId, RoomId } from "../../../src/policy/model.ts";
import * as words from "../../../src/sms/words.ts";
import { id, openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("a message that cannot go out as an SMS", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let room: RoomId;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room } = await sms.between("anna", "mia"));
  });
  afterEach(() => sms.close());

  const say = (body: string) => sms.house.say(room, "anna", body);
  const react = (event: EventId, key: string, from: string) =>
    sms.house.event({
      room,
      sender: id(from),
      type: "m.reaction",
      content: { "m.relates_to": { rel_type: "m.annotation", event_id: event, key } },
    });

  for (const [number, sentence] of [
    [null, words.noMobile("Mia Chen")],
    ["02 9999 1234", words.landline("Mia Chen")],
    ["ask reception", words.unreadable("Mia Chen")],
    ["0412 345 678 9", words.unreadable("Mia Chen")],
  ] as const)
    it(`is refused with the reason for the number ${number}`, async () => {
      await sms.house.staff({
        users: [
          { username: "anna", name: "Anna Lee" },
          { username: "mia", name: "Mia Chen", mobile: number },
        ],
      });
      const event = await say("Hello #sms");
      await say("Again #sms");
      await sms.work();
      expect(sms.twilio.asked).to.equal(0);
      const notes = await sms.notes();
      expect(notes.filter((note) => note === sentence)).to.have.length(2);
      expect(await sms.signs(event)).to.deep.equal(["⚠️"]);
      const told = notes.filter((note) => note.includes("Correct it in HealthTrack"));
      expect(told).to.have.length(sentence === words.unreadable("Mia Chen") ? 1 : 0);
    });

  it("is refused in a group", async () => {
    await sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
        { username: "ben", name: "Ben" },
      ],
    });
    const group = await sms.house.opened("anna", { users: ["mia", "ben"] });
    await sms.house.say(group.room, "anna", "All of you #sms");
    expect(await sms.notes()).to.deep.equal([words.inGroup]);
  });

  it("is refused beyond the day's limit", async () => {
    sms.settings = { ...sms.settings, dailyLimit: 2 };
    for (const each of ["1", "2", "3"]) await say(`${each} #sms`);
    await sms.work();
    expect(sms.twilio.sent).to.have.length(2);
    expect(await sms.notes()).to.deep.equal([words.limitReached(2)]);
  });

  it("is not refused if it has gone out already, and is flagged again after the day's limit", async () => {
    sms.settings = { ...sms.settings, dailyLimit: 1 };
    const event = await say("Once #sms");
    await sms.work();
    await react(event, "📱", "anna");
    await sms.work();
    expect(await sms.notes()).to.deep.equal([]);
    expect(await sms.signs(event)).to.deep.equal(["📱", "✅"]);
  });

  it("is not tried again when it is flagged again after it failed, and its sender is told what to do", async () => {
    const event = await say("Never #sms");
    await sms.house.database.query("UPDATE sms_messages SET state = 'failed'");
    await react(event, "📱", "anna");
    await sms.work();
    expect(sms.twilio.asked).to.equal(0);
    expect((await sms.notes()).at(-1)).to.equal(words.sendAnew);
  });

  it("is refused when it is hours old, as when Whisper was down", async () => {
    await sms.house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: { msgtype: "m.text", body: "Old #sms" },
      at: sms.house.clock - 5 * 3_600_000,
    });
    await sms.work();
    expect(sms.twilio.asked).to.equal(0);
    expect(await sms.notes()).to.deep.equal([words.tooLate]);
  });

  for (const [number, sentence] of [
    [MAGIC.invalid, words.failure("Mia Chen", "wrong-number")],
    [MAGIC.stopped, words.optedOut("Mia Chen")],
    [MAGIC.landline, words.failure("Mia Chen", "landline")],
    [MAGIC.unreachable, words.failure("Mia Chen", "unreachable")],
    [MAGIC.filtered, words.failure("Mia Chen", "filtered")],
  ] as const)
    it(`says why it was not delivered to ${number}`, async () => {
      await sms.house.staff({
        users: [
          { username: "anna", name: "Anna Lee" },
          { username: "mia", name: "Mia Chen", mobile: number },
        ],
      });
      const event = await say("Hello #sms");
      await sms.work();
      expect(await sms.notes()).to.deep.equal([sentence]);
      expect(await sms.signs(event)).to.deep.equal(["📱", "⚠️"]);
    });

  it("is not sent after quiet hours to someone who has left meanwhile", async () => {
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    await say("Later #sms");
    await sms.house.staff({ users: [{ username: "anna", name: "Anna Lee" }] });
    sms.house.clock += 86_400_000;
    await sms.work();
    expect(await sms.states()).to.deep.equal(["cancelled"]);
    expect((await sms.notes()).at(-1)).to.match(/no longer works here/);
  });

  it("has each sign once, whatever happens to it", async () => {
    await sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen" },
      ],
    });
    const event = await say("Hello #sms");
    await sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen", mobile: MAGIC.unreachable },
      ],
    });
    await react(event, "📱", "anna");
    await sms.work();
    expect(await sms.signs(event)).to.deep.equal(["⚠️", "📱"]);
    expect(await sms.notes()).to.deep.equal([
      words.noMobile("Mia Chen"),
      words.failure("Mia Chen", "unreachable"),
    ]);
  });
});
