import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { REPOSITORY } from "../../../dev/base/repository.ts";
import { ACCOUNT, FROM, TOKEN } from "../../../dev/clients/twilio-account.ts";
import { stateOf } from "../../../src/sms/provider/twilio/statuses.ts";
import { twilioProvider } from "../../../src/sms/provider/twilio/twilio.ts";

describe("Twilio's statuses", () => {
  const document = JSON.parse(readFileSync(join(REPOSITORY, "vendor/twilio-api/messages.json"), "utf8"));
  const statuses: string[] = document.components.schemas.message_enum_status.enum;

  it("are all known, as Twilio's document lists them; those of an SMS that comes in say nothing of one that goes out", () => {
    const unknown = statuses.filter((status) => stateOf(status) === null);
    expect(unknown.toSorted()).to.deep.equal(["received", "receiving"]);
  });

  it("of an SMS of which only parts arrived is no delivery", () => {
    expect(stateOf("partially_delivered")).to.equal("undelivered");
  });
});

describe("replies at Twilio", () => {
  const from = (sender: string) =>
    twilioProvider({
      accountSid: ACCOUNT,
      authToken: TOKEN,
      from: sender,
      messagingServiceSid: undefined,
      baseUrl: undefined,
      timeout: 1,
      publicUrl: "https://whisper.example",
      log: pino({ level: "silent" }),
    });

  it("are fetched for a number, and not for a name, to which nobody can reply", () => {
    expect(from(FROM).received).to.be.a("function");
    expect(from("Wattle St").received).to.equal(undefined);
  });
});
