import { expect } from "chai";
import { ACCOUNT, FROM, TOKEN } from "../../../dev/clients/twilio-account.ts";
import { TwilioStandIn } from "../../../dev/clients/twilio-stand-in.ts";

describe("the stand-in of Twilio, with Prism and Twilio's own document in front", () => {
  let twilio: TwilioStandIn;
  beforeEach(async () => {
    twilio = await TwilioStandIn.start();
    twilio.callsBack = false;
  });

  const authorization = `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString("base64")}`;
  const path = `/2010-04-01/Accounts/${ACCOUNT}/Messages`;
  const send = async (form: Record<string, string>) => {
    const answer = await fetch(`${twilio.url}${path}.json`, {
      method: "POST",
      headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    await answer.text();
    return answer.status;
  };
  const stopped = () =>
    twilio.stop().then(
      () => "",
      (error: Error) => error.message,
    );

  it("takes what Twilio takes", async () => {
    const form = { To: "+61412345678", Body: "a + b, 100 %, 👍\n- Anna", From: FROM, SmartEncoded: "true" };
    expect(await send(form)).to.equal(201);
    expect(twilio.sent.map(({ to, body }) => ({ to, body }))).to.deep.equal([
      { to: form.To, body: form.Body },
    ]);
    expect(await stopped()).to.equal("");
  });

  for (const [what, form] of Object.entries({
    "a number as people write it": { To: "0412 345 678", Body: "Hello", From: FROM },
    "no text": { To: "+61412345678", Body: "", From: FROM },
    "too long a text": { To: "+61412345678", Body: "x".repeat(1_601), From: FROM },
    "no sender": { To: "+61412345678", Body: "Hello" },
    "a status callback that is no address": {
      To: "+61412345678",
      Body: "Hello",
      From: FROM,
      StatusCallback: "status",
    },
  }))
    it(`refuses ${what} with 422, and fails the test`, async () => {
      expect(await send(form)).to.equal(422);
      expect(twilio.sent).to.deep.equal([]);
      expect(await stopped()).to.match(/^against Twilio's document: request: /);
    });

  it("fails the test if it is asked for what Twilio does not have", async () => {
    const answer = await fetch(`${twilio.url}${path}/Nobody.json`, { headers: { authorization } });
    expect(answer.status).to.equal(422);
    expect(await stopped()).to.include("request:");
  });

  it("fails the test if it answers what Twilio would not", async () => {
    twilio.receive(FROM, "Hello", "SM1");
    await (await fetch(`${twilio.url}${path}.json`, { headers: { authorization } })).text();
    expect(await stopped()).to.match(/answer: .*sid/);
  });
});
