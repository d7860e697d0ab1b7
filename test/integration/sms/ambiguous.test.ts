import { expect } from "chai";
import type { Fault } from "../../../dev/clients/twilio-stand-in.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import * as words from "../../../src/sms/words.ts";
import { openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("an SMS whose answer was not heard", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let room: RoomId;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room } = await sms.between("anna", "mia"));
  });
  afterEach(() => sms.close());

  const say = () => sms.house.say(room, "anna", "Hello #sms");
  /** The work until the grace time is over, a minute at a time. */
  const workOn = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await sms.work(3);
      sms.house.clock += 60_000;
    }
    await sms.work(3);
  };

  for (const fault of [
    "503 accepted",
    "answer lost",
    "answer cut off",
    "no answer",
    "callback first",
  ] satisfies Fault[]) {
    it(`is sent once and found by its report: ${fault}`, async () => {
      sms.twilio.faults.push(fault);
      await say();
      await workOn(2);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it(`is sent once and found by looking where no report comes: ${fault}`, async () => {
      sms.twilio.faults.push(fault);
      sms.twilio.callsBack = false;
      await say();
      await sms.work(1);
      for (const each of sms.twilio.sent) each.status = "delivered";
      await workOn(20);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });
  }

  for (const fault of ["503 not accepted", "connection reset"] satisfies Fault[]) {
    it(`is never posted again by itself: ${fault}`, async () => {
      sms.twilio.faults.push(fault);
      const event = await say();
      await workOn(30);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["review"]);
      expect(await sms.notes()).to.deep.equal([words.askAgain("Mia Chen")]);
      expect(await sms.signs(event)).to.deep.equal(["📱", "⚠️"]);
    });
  }

  it("is posted again after 429, as late as Twilio asks", async () => {
    sms.twilio.faults.push("429", "429");
    await say();
    await sms.work(1);
    expect(await sms.states()).to.deep.equal(["queued"]);
    const held = await sms.house.database.query<{ at: Date }>("SELECT not_before AS at FROM sms_messages");
    expect(held.rows[0]?.at.getTime()).to.be.at.least(sms.house.clock + 1_000);
    await workOn(3);
    expect(sms.twilio.asked).to.equal(3);
    expect(sms.twilio.sent).to.have.length(1);
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("is given up, and its sender told, while there is no connection for hours", async () => {
    await sms.twilio.stop();
    await say();
    await workOn(1);
    expect(await sms.states()).to.deep.equal(["queued"]);
    sms.house.clock += 5 * 3_600_000;
    await sms.work(3);
    expect(await sms.states()).to.deep.equal(["failed"]);
    expect(await sms.notes()).to.deep.equal([words.failure("Mia Chen", "provider-away")]);
  });

  it("is given up, and its sender told why, when Whisper could not try it for hours", async () => {
    await say();
    sms.house.clock += 5 * 3_600_000;
    await sms.work(3);
    expect(sms.twilio.asked).to.equal(0);
    expect(await sms.states()).to.deep.equal(["failed"]);
    expect(await sms.notes()).to.deep.equal([words.failure("Mia Chen", "too-late")]);
  });

  it("is looked for before it is given up, when Whisper could not try it for hours", async () => {
    await say();
    const { rows } = await sms.house.database.query<{ body: string; number: string }>(
      "SELECT body, number FROM sms_messages",
    );
    sms.twilio.sent.push({
      sid: `SM${"c".repeat(32)}`,
      to: rows[0]?.number ?? "",
      body: rows[0]?.body ?? "",
      callback: `${sms.url}/webhooks/twilio/status/lost`,
      status: "delivered",
      errorCode: null,
      createdAt: new Date(),
    });
    sms.house.clock += 5 * 3_600_000;
    await sms.work(3);
    expect(sms.twilio.asked).to.equal(0);
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  describe("in review", () => {
    beforeEach(async () => {
      sms.twilio.faults.push("503 not accepted");
      await say();
      await workOn(30);
    });

    it("is sent again with ✅ by its sender, once", async () => {
      await sms.press(room, "✅", "mia");
      expect(await sms.states()).to.deep.equal(["review"]);
      await sms.press(room, "✅");
      await sms.press(room, "✅");
      await workOn(2);
      expect(sms.twilio.sent).to.have.length(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it("is sent again with ✅ also by someone who decides the next day", async () => {
      sms.house.clock += 20 * 3_600_000;
      await sms.press(room, "✅");
      await workOn(2);
      expect(sms.twilio.sent).to.have.length(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it("is decided again, and never said not to have been sent, if it cannot go out for hours after ✅", async () => {
      await sms.press(room, "✅");
      sms.house.clock += 5 * 3_600_000;
      await sms.work(3);
      expect(sms.twilio.sent).to.have.length(0);
      expect(await sms.states()).to.deep.equal(["review"]);
      const [asked, again] = [words.askAgain("Mia Chen"), words.sentAgain];
      expect(await sms.notes()).to.deep.equal([asked, again, asked]);
    });

    it("is left with ❌", async () => {
      await sms.press(room, "❌");
      await sms.press(room, "✅");
      await workOn(2);
      expect(sms.twilio.sent).to.have.length(0);
      expect(await sms.states()).to.deep.equal(["left"]);
    });

    it("is not sent again with ✅ if it turns up at Twilio meanwhile", async () => {
      sms.twilio.callsBack = false;
      const { rows } = await sms.house.database.query<{ body: string; number: string; ref: string }>(
        "SELECT body, number, ref FROM sms_messages JOIN sms_attempts ON sms_id = id",
      );
      const [row] = rows;
      sms.twilio.sent.push({
        sid: `SM${"a".repeat(32)}`,
        to: row?.number ?? "",
        body: row?.body ?? "",
        callback: `${sms.url}/webhooks/twilio/status/${row?.ref}`,
        status: "delivered",
        errorCode: null,
        createdAt: new Date(),
      });
      await sms.press(room, "✅");
      await workOn(2);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });
  });

  it("does not take another SMS with the same text for itself", async () => {
    await say();
    await sms.work(3);
    sms.twilio.faults.push("503 not accepted");
    await say();
    await workOn(30);
    expect(await sms.states()).to.deep.equal(["delivered", "review"]);
  });

  it("is found, as is its twin, if both are to be sent again before Twilio lists them", async () => {
    sms.twilio.callsBack = false;
    sms.twilio.faults.push("503 accepted", "503 accepted");
    await say();
    await say();
    await sms.work(1);
    // Its list lags behind what it has accepted.
    const accepted = sms.twilio.sent.splice(0);
    await workOn(11);
    expect(await sms.states()).to.deep.equal(["review", "review"]);
    await sms.press(room, "✅", "anna", 0);
    await sms.press(room, "✅", "anna", 1);
    for (const each of accepted) each.status = "delivered";
    sms.twilio.sent.push(...accepted);
    await workOn(5);
    expect(sms.twilio.sent).to.have.length(2);
    expect(await sms.states()).to.deep.equal(["delivered", "delivered"]);
  });

  it("is found however many others went to the same number since", async () => {
    sms.twilio.faults.push("503 accepted");
    sms.twilio.callsBack = false;
    await say();
    await sms.work(1);
    const [lost] = sms.twilio.sent;
    if (lost === undefined) throw new Error("nothing was sent");
    lost.status = "delivered";
    for (let other = 0; other < 350; other++)
      sms.twilio.sent.push({ ...lost, sid: `SM${String(other).padStart(32, "b")}`, body: `Other ${other}` });
    await workOn(3);
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });
});
