import { expect } from "chai";
import { ACCOUNT, call, TOKEN } from "../../../dev/clients/twilio-account.ts";
import { MAGIC } from "../../../dev/clients/twilio-magic.ts";
import type { SentSms } from "../../../dev/clients/twilio-messages.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

for (const path of ["", "/whisper"])
  describe(`Twilio's reports, with public_url's path "${path}"`, function () {
    this.timeout(20_000);
    let sms: SmsHouse;
    let room: RoomId;
    let sent: SentSms;
    beforeEach(async () => {
      sms = await openSmsHouse({}, { path });
      ({ room } = await sms.between("anna", "mia"));
      sms.twilio.callsBack = false;
      await sms.house.say(room, "anna", "Hello #sms");
      await sms.work();
      sent = sms.twilio.sent[0] ?? expect.fail("nothing was sent");
    });
    afterEach(() => sms.close());

    const params = (status: string) => ({ AccountSid: ACCOUNT, MessageSid: sent.sid, MessageStatus: status });
    const state = async () => (await sms.states())[0];

    it("count in any order, and each once", async () => {
      expect(await sms.twilio.report(sent, "delivered")).to.equal(204);
      expect(await sms.twilio.report(sent, "sent")).to.equal(204);
      expect(await sms.twilio.report(sent, "delivered")).to.equal(204);
      expect(await state()).to.equal("delivered");
      const signs = (await sms.house.sent()).filter(
        ({ ref }) => ref.startsWith("sms-sign:") && ref.endsWith("✅"),
      );
      expect(signs).to.have.length(1);
    });

    it("of a failure keep its reason when a bare one follows", async () => {
      await sms.twilio.report(sent, "undelivered", 30_003);
      await sms.twilio.report(sent, "undelivered");
      await sms.twilio.report(sent, "delivered");
      const found = await sms.house.database.query("SELECT state, reason FROM sms_messages");
      expect(found.rows).to.deep.equal([{ state: "undelivered", reason: "unreachable" }]);
    });

    it("with a wrong signature, without one, or for another account, are refused", async () => {
      expect(await call(sent.callback, params("delivered"), "another token")).to.equal(403);
      expect(await call(sent.callback, params("delivered"), TOKEN, `${sent.callback}x`)).to.equal(403);
      const unsigned = await fetch(sent.callback, {
        method: "POST",
        body: new URLSearchParams(params("delivered")),
      });
      expect(unsigned.status).to.equal(403);
      const other = { ...params("delivered"), AccountSid: `AC${"f".repeat(32)}` };
      expect(await call(sent.callback, other)).to.equal(403);
      expect(await state()).to.equal("accepted");
    });

    it("are signed over the query that was really sent", async () => {
      expect(await call(`${sent.callback}?a=1`, params("delivered"), TOKEN, sent.callback)).to.equal(403);
      expect(await call(`${sent.callback}?a=1`, params("delivered"))).to.equal(204);
      expect(await state()).to.equal("delivered");
    });

    it("of an unknown attempt, with an unknown status, or with another's id, change nothing", async () => {
      const unknown = `${sms.url}/webhooks/twilio/status/${"x".repeat(24)}`;
      expect(await call(unknown, params("delivered"))).to.equal(204);
      expect(await call(sent.callback, params("half delivered"))).to.equal(204);
      expect(await state()).to.equal("accepted");
      await sms.house.say(room, "anna", "Another #sms");
      await sms.work();
      const [, other] = sms.twilio.sent;
      expect(await call(other?.callback ?? "", params("failed"))).to.equal(204);
      expect(await sms.states()).to.deep.equal(["accepted", "accepted"]);
    });

    it("of 1 MB are refused", async () => {
      expect(await call(sent.callback, { ...params("delivered"), More: "x".repeat(1_000_000) })).to.equal(
        413,
      );
      expect(await state()).to.equal("accepted");
    });

    it("that never come are asked for", async () => {
      sent.status = "delivered";
      sms.house.clock += 16 * 60_000;
      await sms.work();
      expect(await state()).to.equal("delivered");
    });

    it("of STOP from the carrier are kept here too", async () => {
      await sms.house.staff({
        users: [
          { username: "anna", name: "Anna Lee" },
          { username: "mia", name: "Mia Chen", mobile: MAGIC.stopped },
        ],
      });
      await sms.house.say(room, "anna", "One #sms");
      await sms.work();
      const asked = sms.twilio.asked;
      await sms.house.say(room, "anna", "Two #sms");
      await sms.work();
      expect(sms.twilio.asked).to.equal(asked);
    });
  });
