import { readFileSync } from "node:fs";
import { expect } from "chai";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import { TOKEN } from "../../../dev/clients/twilio-account.ts";
import { eventually } from "../../support/eventually.ts";
import { type PushGateway, startPushGateway } from "../../support/homeserver/push-gateway.ts";
import { MIA_MOBILE, type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";
import { statesOfRooms } from "../../support/stack/room-states.ts";

/** Found only in messages, and at the SMS service. */
const STRANGER = "+61499777333";
const UNREADABLE = "04 quollington";
const PLANTED = new RegExp(`lithium|ferritin|troponin|quollington|412 ?345 ?678|499 ?777 ?333|${TOKEN}`, "i");

describe("No number and no text of an SMS is found outside the messages, after a day of SMS", function () {
  this.timeout(180_000);
  let sms: SmsStack;
  let gateway: PushGateway;
  const answers: string[] = [];

  before(async function () {
    this.timeout(240_000);
    gateway = await startPushGateway();
    sms = await startSmsStack({ WHISPER_LOG__LEVEL: "debug" });
    const { anna, mia, room, stack, twilio } = sms;
    for (const person of [anna, mia]) await gateway.register(person);

    // Delivered, lost, refused, retried, and one that nobody can tell of.
    const delivered = await anna.sendText(room, "The lithium level is back #sms");
    await anna.waitForReaction(delivered, "✅");
    for (const fault of ["answer cut off", "answer lost", "503 accepted", "429"] as const) {
      twilio.faults.push(fault);
      await anna.sendText(room, `The lithium level is back: ${fault} #sms`);
      await sms.until(`The lithium level is back: ${fault}`, ["delivered"]);
    }
    twilio.faults.push("503 not accepted");
    await anna.sendText(room, "The ferritin level is back #sms");
    await sms.until("The ferritin level is back", ["review"]);
    await mustCallApi(stack, "POST", "/api/v1/sms/preview", { as: "anna", user: "mia", text: "Ferritin" });

    // Replies, heard at once and fetched, from Mia and from nobody.
    await twilio.incoming(MIA_MOBILE, "Is the troponin back too?");
    await twilio.incoming(STRANGER, "Is the troponin back too?");
    await stack.killWhisper();
    twilio.receive(MIA_MOBILE, "And the second troponin?");
    await stack.startWhisper();
    await anna.waitForText("And the second troponin?", room);

    // A number that cannot be read, and mistakes.
    await mustCallApi(stack, "PUT", "/api/v1/users/mia", {
      username: "mia",
      name: "Mia Chen",
      mobile: UNREADABLE,
    });
    await anna.sendText(room, "Lithium again #sms");
    await anna.waitForText(/Mia Chen's mobile number cannot be read/, room);
    for (const [path, body] of [
      ["/api/v1/sms/preview", { as: "anna", user: "mia", text: { lithium: MIA_MOBILE } }],
      ["/api/v1/sms/preview", { as: "anna", conversation: MIA_MOBILE, text: "lithium" }],
      ["/api/v1/sms/review/1", { do: "lithium" }],
    ] as const) {
      const { status, body: answer } = await callApi(stack, "POST", path, body);
      expect(status).to.be.within(400, 499);
      answers.push(JSON.stringify(answer));
    }
    const forged = await fetch(`${stack.publicUrl}/webhooks/twilio/inbound`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "none" },
      body: new URLSearchParams({ From: MIA_MOBILE, Body: "lithium" }).toString(),
    });
    expect(forged.status).to.equal(403);
    answers.push(await forged.text());
  });
  after(async () => {
    await sms?.stop();
    await gateway?.stop();
  });

  const clean = (texts: readonly string[]) =>
    expect(texts.map((text) => PLANTED.exec(text)?.[0]).filter((found) => found !== undefined)).to.deep.equal(
      [],
    );

  it("not in Whisper's log, which says everything", () => {
    const logs = sms.stack.whisperLogs.map((file) => readFileSync(file, "utf8"));
    expect(logs.join("")).to.include("/api/v1/sms/preview");
    clean(logs);
  });

  it("not in the metrics", async () => {
    const metrics = await (await fetch(new URL("/metrics", sms.stack.whisper))).text();
    expect(metrics).to.include('whisper_sms{state="delivered"} 5');
    clean([metrics]);
  });

  it("not in the answers to wrong requests", () => {
    expect(answers).to.have.lengthOf(4);
    clean(answers);
  });

  it("not in names, topics or any other state of rooms", async () => {
    const { rooms, texts } = await statesOfRooms(sms.stack);
    expect(rooms).to.include(sms.room);
    clean(texts);
  });

  it("not in what a phone is told", async () => {
    await eventually("the replies to be pushed", () =>
      gateway.received.filter(({ room_id }) => room_id === sms.room).length >= 2 ? true : undefined,
    );
    for (const notification of gateway.received) expect(notification).not.to.have.property("content");
    clean(gateway.received.map((notification) => JSON.stringify(notification)));
  });
});
