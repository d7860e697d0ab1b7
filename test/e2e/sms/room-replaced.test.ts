import { expect } from "chai";
import { bodyOf, conversationOf } from "../../../dev/clients/room-events.ts";
import { type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { settled } from "../../support/stack/settled.ts";

/** A homeserver administrator can make a conversation's room unusable. It then gets another one. */
describe("What becomes of an SMS is said where the conversation continues", function () {
  this.timeout(240_000);
  let sms: SmsStack;
  before(async () => {
    sms = await startSmsStack({ WHISPER_SMS__ASK_AFTER: "1h" });
  });
  after(() => sms?.stop());

  it("when its room was replaced: that it was not delivered, was delivered, and the question whether to send again", async () => {
    const { anna, room: old, stack, twilio } = sms;
    twilio.callsBack = false;
    await anna.sendText(old, "One #sms");
    await sms.until("One", ["accepted"]);
    await anna.sendText(old, "Two #sms");
    await sms.until("Two", ["accepted"]);
    twilio.faults.push("503 not accepted");
    await anna.sendText(old, "Three #sms");
    await sms.until("Three", ["review"]);
    await anna.waitForText(/I can't tell whether the SMS to Mia Chen was sent/, old);
    await settled(stack);

    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(old)}/state/m.room.power_levels/`;
    const levels = (await atSynapse(stack, "GET", path)) as Record<string, unknown>;
    await atSynapse(stack, "PUT", path, { ...levels, users: { "@whisper:localhost": 40 } });
    const { roomId } = await anna.waitForRoom(
      "another room for the two",
      (each) => each.roomId !== old && conversationOf(each)?.kind === "individual",
      60_000,
    );

    const [one, two] = twilio.sent;
    if (one === undefined || two === undefined) throw new Error("nothing was sent");
    await twilio.report(one, "undelivered", 30_005);
    await twilio.report(two, "delivered");
    await anna.waitForText(/The SMS to Mia Chen was not delivered: their number is not in use/, roomId);
    await anna.waitForText("The SMS to Mia Chen was delivered.", roomId);
    const question = await anna.waitForText(/I can't tell whether the SMS to Mia Chen was sent/, roomId);
    await anna.react(roomId, question.getId() ?? "", "✅");
    await sms.until("Three", ["accepted"]);
    await settled(stack);
    const said = anna.client.getRoom(roomId)?.getLiveTimeline().getEvents().map(bodyOf) ?? [];
    expect(said.filter((body) => body.startsWith("I can't tell"))).to.have.length(1);
  });
});
