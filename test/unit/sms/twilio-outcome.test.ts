import { expect } from "chai";
import { outcomeOfError } from "../../../src/sms/provider/twilio/outcome.ts";
import { TooManyRequests } from "../../../src/sms/provider/twilio/request-client.ts";

/** As twilio-node 6.2 throws them. */
const rest = (status: number, code: number) => Object.assign(new Error("refused"), { status, code });
const network = (code: string, status?: number) =>
  Object.assign(new Error("network"), { code, ...(status !== undefined && { status }) });

describe("an error of Twilio's", () => {
  for (const error of [
    network("ECONNRESET"),
    network("ECONNABORTED"),
    network("ETIMEDOUT"),
    network("EPIPE"),
    network("ERR_BAD_RESPONSE", 201),
    rest(500, 20_500),
    rest(502, 20_502),
    rest(503, 20_503),
    rest(408, 20_408),
    new Error("something else"),
    null,
    "text",
  ])
    it(`may mean that the SMS was taken: ${JSON.stringify(error)}`, () =>
      expect(outcomeOfError(error)).to.deep.equal({ is: "unknown" }));

  for (const [error, retryAfter] of [
    [new TooManyRequests(5_000), 5_000],
    [network("ECONNREFUSED"), null],
    [network("ENOTFOUND"), null],
    [rest(429, 20_429), null],
    [rest(400, 21_611), null],
  ] as const)
    it(`means that it may be tried again: ${JSON.stringify(error)}`, () =>
      expect(outcomeOfError(error)).to.deep.equal({ is: "later", retryAfter }));

  for (const [code, reason] of [
    [21_211, "wrong-number"],
    [21_408, "setup"],
    [21_606, "setup"],
    [21_610, "opted-out"],
    [21_612, "setup"],
    [21_614, "landline"],
    [21_635, "landline"],
    [99_999, "other"],
  ] as const)
    it(`means that it never will be sent: ${code}`, () =>
      expect(outcomeOfError(rest(400, code))).to.deep.equal({ is: "refused", reason }));

  it("about the account is for whoever set it up", () => {
    expect(outcomeOfError(rest(401, 20_003))).to.deep.equal({ is: "refused", reason: "setup" });
  });
});
