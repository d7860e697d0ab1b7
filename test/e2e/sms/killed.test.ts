import { expect } from "chai";
import type { SentSms } from "../../../dev/clients/twilio-messages.ts";
import { type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";

/** Each moment at which Whisper is killed by SIGKILL, and what the stand-in does. */
describe("No SMS is lost nor sent twice when Whisper is killed by SIGKILL", function () {
  this.timeout(300_000);
  let sms: SmsStack;
  before(async () => {
    sms = await startSmsStack();
  });
  beforeEach(() => {
    sms.twilio.onRequest = null;
    sms.twilio.onAccepted = null;
    sms.twilio.callsBack = true;
  });
  after(() => sms?.stop());

  const sentAs = (text: string): SentSms[] =>
    sms.twilio.sent.filter(({ body }) => body.startsWith(`${text}\n`));

  it("before the request is taken: the sender decides, and ✅ sends it once", async () => {
    const killed = Promise.withResolvers<void>();
    sms.twilio.onRequest = async () => {
      sms.twilio.onRequest = null;
      await sms.stack.killWhisper();
      killed.resolve();
      return "drop";
    };
    const text = "Killed before";
    await sms.anna.sendText(sms.room, `${text} #sms`);
    await killed.promise;
    await sms.stack.startWhisper();
    await sms.until(text, ["review"]);
    expect(sentAs(text)).to.have.length(0);
    const question = await sms.anna.waitForText(
      /I can't tell whether the SMS to Mia Chen was sent/,
      sms.room,
    );
    await sms.anna.react(sms.room, question.getId() ?? "", "✅");
    await sms.until(text, ["delivered"]);
    expect(sentAs(text)).to.have.length(1);
  });

  for (const reports of ["a report comes", "no report comes"] as const)
    it(`after it is accepted, before that is recorded; ${reports}`, async () => {
      const text = `Killed after, ${reports}`;
      const accepted = Promise.withResolvers<SentSms>();
      sms.twilio.callsBack = false;
      sms.twilio.onAccepted = async (sent) => {
        sms.twilio.onAccepted = null;
        await sms.stack.killWhisper();
        accepted.resolve(sent);
      };
      await sms.anna.sendText(sms.room, `${text} #sms`);
      const sent = await accepted.promise;
      await sms.stack.startWhisper();
      if (reports === "a report comes") await sms.twilio.follow(sent);
      else sent.status = "delivered";
      await sms.until(text, ["delivered"]);
      expect(sentAs(text)).to.have.length(1);
    });

  for (const reports of ["its reports come later", "its reports never come"] as const)
    it(`after it is recorded; ${reports}`, async () => {
      const text = `Killed at the end, ${reports}`;
      sms.twilio.callsBack = false;
      await sms.anna.sendText(sms.room, `${text} #sms`);
      await sms.until(text, ["accepted"]);
      await sms.stack.killWhisper();
      const [sent] = sentAs(text);
      if (sent === undefined) throw new Error("nothing was sent");
      await sms.stack.startWhisper();
      if (reports === "its reports come later") await sms.twilio.follow(sent);
      else sent.status = "delivered";
      await sms.until(text, ["delivered"]);
      expect(sentAs(text)).to.have.length(1);
    });

  for (const fault of ["503 accepted", "answer lost", "answer cut off", "callback first"] as const)
    it(`between an answer that was ${fault} and what follows`, async () => {
      const text = `Fault ${fault}`;
      sms.twilio.faults.push(fault);
      const accepted = Promise.withResolvers<void>();
      sms.twilio.onAccepted = async () => accepted.resolve();
      await sms.anna.sendText(sms.room, `${text} #sms`);
      await accepted.promise;
      await sms.stack.killWhisper();
      await sms.stack.startWhisper();
      for (const sent of sentAs(text)) sent.status = "delivered";
      await sms.until(text, ["delivered"]);
      expect(sentAs(text)).to.have.length(1);
    });

  it("leaves no SMS without a state", async () => {
    expect(Object.keys(await sms.states())).to.deep.equal(["delivered"]);
  });
});
