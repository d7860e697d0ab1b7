import { expect } from "chai";
import type { RoomId } from "../../../src/policy/model.ts";
import { workOnSms } from "../../../src/sms/carry-out.ts";
import * as words from "../../../src/sms/words.ts";
import { startTestApi } from "../../support/http/api.ts";
import { openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("an SMS that is looked for at Twilio", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let room: RoomId;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room } = await sms.between("anna", "mia"));
  });
  afterEach(() => sms.close());

  const say = () => sms.house.say(room, "anna", "Hello #sms");
  const workOn = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await sms.work(3);
      sms.house.clock += 60_000;
    }
    await sms.work(3);
  };

  for (const minutes of [-90, 90]) {
    it(`is found, and not asked about, with Twilio's clock ${minutes} minutes from ours`, async () => {
      sms.twilio.clockAhead = minutes * 60_000;
      sms.twilio.faults.push("503 accepted");
      sms.twilio.callsBack = false;
      await say();
      await sms.work(1);
      for (const each of sms.twilio.sent) each.status = "delivered";
      await workOn(12);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it(`takes no earlier SMS with the same text for itself, with Twilio's clock ${minutes} minutes from ours`, async () => {
      sms.twilio.clockAhead = minutes * 60_000;
      // Written by hand in Twilio's console, ten seconds ago.
      sms.twilio.sent.push({
        sid: `SM${"c".repeat(32)}`,
        to: "+61412345678",
        body: "Hello\n- Anna Lee, Test practice",
        callback: "",
        status: "delivered",
        errorCode: null,
        createdAt: new Date(sms.twilio.now.getTime() - 10_000),
      });
      sms.twilio.faults.push("503 not accepted");
      await say();
      await workOn(30);
      expect(await sms.states()).to.deep.equal(["review"]);
    });
  }

  it("and another with the same text are both found, and nobody is asked", async () => {
    sms.twilio.callsBack = false;
    sms.twilio.faults.push("503 accepted", "503 accepted");
    await say();
    await say();
    // Both are sent before either is looked for.
    for (const { sms_id } of await sms.house.takeJobs("sms"))
      await workOnSms(sms.dependencies(), String(sms_id));
    for (const each of sms.twilio.sent) each.status = "delivered";
    await workOn(20);
    expect(sms.twilio.asked).to.equal(2);
    expect(await sms.states()).to.deep.equal(["delivered", "delivered"]);
  });

  describe("several with its text are found at Twilio, since the database was restored from a backup", () => {
    beforeEach(async () => {
      await say();
      for (const sid of ["d", "e"])
        sms.twilio.sent.push({
          sid: `SM${sid.repeat(32)}`,
          to: "+61412345678",
          body: "Hello\n- Anna Lee, Test practice",
          callback: "",
          status: "delivered",
          errorCode: null,
          createdAt: new Date(),
        });
      sms.house.clock += 10 * 60_000;
      await sms.work(3);
      expect(await sms.states()).to.deep.equal(["review"]);
      expect(await sms.notes()).to.deep.equal([words.askSeveral("Mia Chen")]);
    });

    it("it is sent with ✅, once", async () => {
      await sms.press(room, "✅");
      await sms.press(room, "✅");
      await workOn(3);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it("it is sent with ✅ the next day too", async () => {
      sms.house.clock += 20 * 3_600_000;
      await sms.press(room, "✅");
      await workOn(3);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });

    it("it is left with ❌", async () => {
      await sms.press(room, "❌");
      await sms.press(room, "✅");
      await workOn(3);
      expect(sms.twilio.asked).to.equal(0);
      expect(await sms.states()).to.deep.equal(["left"]);
    });

    it("it is decided about through the API", async () => {
      const api = await startTestApi({ database: sms.house.database });
      try {
        const { body } = await api.call("GET", "/api/v1/sms/review");
        const [one] = (body as { review: { id: string }[] }).review;
        expect((await api.call("POST", `/api/v1/sms/review/${one?.id}`, { do: "send" })).status).to.equal(
          204,
        );
      } finally {
        await api.close();
      }
      await workOn(3);
      expect(sms.twilio.asked).to.equal(1);
      expect(await sms.states()).to.deep.equal(["delivered"]);
    });
  });

  it("is asked about though Whisper was away for longer than one is asked about", async () => {
    sms.twilio.callsBack = false;
    await say();
    await sms.work(1);
    expect(await sms.states()).to.deep.equal(["accepted"]);
    for (const each of sms.twilio.sent) each.status = "delivered";
    await sms.house.database.query("UPDATE sms_attempts SET started_at = started_at - interval '3 days'");
    sms.house.clock += 3 * 86_400_000;
    await sms.work(3);
    expect(await sms.states()).to.deep.equal(["delivered"]);
  });

  it("is not asked about for ever", async () => {
    sms.twilio.callsBack = false;
    await say();
    await sms.work(1);
    await sms.house.database.query("UPDATE sms_attempts SET started_at = started_at - interval '3 days'");
    sms.house.clock += 3 * 86_400_000;
    await sms.work(3);
    expect(await sms.house.takeJobs("sms")).to.deep.equal([]);
  });
});
