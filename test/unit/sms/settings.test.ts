import { expect } from "chai";
import { parseConfig } from "../../../src/config/load.ts";
import { smsWarnings } from "../../../src/sms/settings.ts";
import { SMALLEST_CONFIG } from "../../support/config.ts";

const ACCOUNT = { account_sid: `AC${"0".repeat(32)}`, auth_token: "a-secret-of-twilio" };
const configured = (sms: object, publicUrl = "https://chat.practice.example") =>
  parseConfig({ ...SMALLEST_CONFIG, public_url: publicUrl, sms }, "test");
const twilio = (more: object) => ({ provider: "twilio", twilio: { ...ACCOUNT, ...more } });

describe("the settings of SMS", () => {
  it("send nothing by default, and say so", () => {
    expect(smsWarnings(configured({}))).to.deep.equal([
      "sms.provider is log: SMS are shown in Whisper, and none is sent.",
    ]);
  });

  it("are complete with an account and a mobile number", () => {
    expect(smsWarnings(configured(twilio({ from: "+61480000000" })))).to.deep.equal([]);
  });

  for (const [more, warning] of [
    [{ from: "MyPractice" }, /name.*Unverified/],
    [{ from: "0480 000 000" }, /write it as \+61480000000/],
    [{ from: "+61480000000", base_url: "http://127.0.0.1:1" }, /not to Twilio/],
    [{ from: "+61480000000", timeout: "5m" }, /sms\.lease is not longer/],
  ] as const)
    it(`are warned about: ${JSON.stringify(more)}`, () => {
      expect(smsWarnings(configured(twilio(more))).join("\n")).to.match(warning);
    });

  it("are warned about without https", () => {
    const config = configured(twilio({ from: "+61480000000" }), "http://chat.practice.example");
    expect(smsWarnings(config).join("\n")).to.match(/not https/);
  });

  for (const [sms, problem] of [
    [{ provider: "twilio" }, /sms\.twilio\.account_sid: is missing/],
    [twilio({}), /sms\.twilio\.from: is missing/],
    [{ provider: "pigeon" }, /sms\.provider/],
    [{ quiet_hours: { from: "9pm" } }, /sms\.quiet_hours\.from: write it as 21:00/],
    [{ country: "Australia" }, /sms\.country: two capital letters/],
    [{ twilio: { ...ACCOUNT, account_sid: "SK1" } }, /sms\.twilio\.account_sid: begins with AC/],
  ] as const)
    it(`are refused: ${JSON.stringify(sms).slice(0, 60)}`, () => {
      expect(() => configured(sms)).to.throw(problem);
    });

  it("never show the token", () => {
    expect(JSON.stringify(configured(twilio({ from: "+61480000000" })))).not.to.include("a-secret-of-twilio");
  });
});
