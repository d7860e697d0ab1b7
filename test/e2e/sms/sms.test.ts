import { expect } from "chai";
import { MIA_MOBILE, type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";
import { settled } from "../../support/stack/settled.ts";

describe("Send a Message as an SMS", function () {
  this.timeout(180_000);
  let sms: SmsStack;
  before(async () => {
    sms = await startSmsStack();
  });
  after(() => sms?.stop());

  it("Type #sms anywhere in the message: it is flagged, sent as an SMS, and appears in Whisper", async () => {
    const { anna, mia, room, twilio } = sms;
    const event = await anna.sendText(room, "Please call the ward #sms now");
    await mia.waitForText("Please call the ward #sms now", room);
    await anna.waitForReaction(event, "📱", "@whisper:localhost");
    await anna.waitForReaction(event, "✅");
    expect(twilio.to(MIA_MOBILE).map(({ body }) => body)).to.deep.equal([
      "Please call the ward now\n- Anna Lee, Wattle Street Family Practice",
    ]);
  });

  it("The SMS button: 📱 under one's own message sends it too", async () => {
    const { anna, mia, room, twilio } = sms;
    const event = await anna.sendText(room, "By reaction");
    await mia.waitForText("By reaction", room);
    await mia.react(room, event, "📱");
    await anna.react(room, event, "📱");
    await anna.waitForReaction(event, "✅");
    expect(twilio.sent.filter(({ body }) => body.startsWith("By reaction"))).to.have.length(1);
  });

  it("A reply by SMS appears in the conversation as that person", async () => {
    const { anna, mia, room, twilio } = sms;
    expect(await twilio.incoming(MIA_MOBILE, "On my way")).to.equal(200);
    const reply = await anna.waitForText("📱 On my way", room);
    expect(reply.getSender()).to.equal(mia.userId);
  });

  it("A message that also links a patient goes out once, without the patient", async () => {
    const { anna, room, twilio } = sms;
    const event = await anna.sendText(room, "Please see #patient 0012345 today #sms");
    await anna.waitForReaction(event, "✅");
    await anna.waitForEvent(
      "the link to the patient",
      (each) => each.getRelation()?.event_id === event && each.getRelation()?.rel_type === "m.replace",
    );
    await settled(sms.stack);
    const sent = twilio.sent.filter(({ body }) => body.startsWith("Please see"));
    expect(sent.map(({ body }) => body.split("\n")[0])).to.deep.equal(["Please see today"]);
    expect(twilio.sent.some(({ body }) => body.includes("0012345"))).to.equal(false);
  });

  it("Select the individual conversation: without a mobile number, the sender is told why", async () => {
    const { anna, mia, room, twilio } = sms;
    const before = twilio.asked;
    const event = await mia.sendText(room, "Are you there? #sms");
    await mia.waitForReaction(event, "⚠️");
    await mia.waitForText(/Anna Lee has no mobile number/, room);
    await anna.waitForText("Are you there? #sms", room);
    expect(twilio.asked).to.equal(before);
  });
});
