import { expect } from "chai";
import fc from "fast-check";
import { keywordIn } from "../../../../src/policy/sms/keywords.ts";
import { quietUntil } from "../../../../src/policy/sms/quiet-hours.ts";
import { retryIn } from "../../../../src/policy/sms/retry.ts";
import {
  afterAttempt,
  afterReport,
  isFinal,
  REPORTED_STATES,
  SMS_STATES,
  type SmsState,
} from "../../../../src/policy/sms/states.ts";

describe("the state of an SMS", () => {
  it("is the same whatever the order of the reports, however often each comes", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...REPORTED_STATES), { minLength: 1 }), (reports) => {
        const end = (order: typeof reports) => order.reduce<SmsState>(afterReport, "submitting");
        const both = [...reports, ...reports.toReversed()];
        const failed = reports.some((each) => each === "failed" || each === "undelivered");
        expect(isFinal(end(both))).to.equal(isFinal(end(reports)));
        if (failed) expect(end(reports)).to.be.oneOf(["failed", "undelivered"]);
        else expect(end(reports.toReversed())).to.equal(end(reports));
      }),
    );
  });

  it("is never queued again by an answer that may mean it was accepted", () => {
    expect(afterAttempt("submitting", { is: "unknown" })).to.equal("unknown");
    expect(afterAttempt("unknown", { is: "unknown" })).to.equal("unknown");
    for (const state of SMS_STATES.filter((each) => each !== "submitting" && each !== "unknown"))
      expect(afterAttempt(state, { is: "later", retryAfter: null }), state).to.equal(state);
  });

  it("keeps what a report said before the answer was heard", () => {
    expect(afterAttempt("delivered", { is: "accepted", sid: "SM1", state: "accepted" })).to.equal(
      "delivered",
    );
    expect(afterAttempt("sent", { is: "unknown" })).to.equal("sent");
  });

  it("never goes back from a failure", () => {
    for (const reported of REPORTED_STATES) expect(afterReport("failed", reported)).to.equal("failed");
  });
});

describe("quiet hours", () => {
  const quiet = { from: "21:00", to: "07:00" };
  const until = (at: string) => quietUntil(new Date(at), "Australia/Sydney", quiet)?.toISOString() ?? null;
  it("end in the morning of the practice's clock", () => {
    expect(until("2026-06-01T22:30:00+10:00")).to.equal("2026-06-01T21:00:00.000Z");
    expect(until("2026-06-02T06:59:59+10:00")).to.equal("2026-06-01T21:00:00.000Z");
    expect(until("2026-06-02T07:00:00+10:00")).to.equal(null);
    expect(until("2026-06-02T20:59:59+10:00")).to.equal(null);
    expect(until("2026-06-02T21:00:00+10:00")).to.equal("2026-06-02T21:00:00.000Z");
  });
  it("end on time in the nights when the clock changes", () => {
    expect(until("2026-10-03T22:00:00+10:00")).to.equal("2026-10-03T20:00:00.000Z");
    expect(until("2026-04-04T22:00:00+11:00")).to.equal("2026-04-04T21:00:00.000Z");
  });
  it("may lie within a day, and be none", () => {
    expect(
      quietUntil(new Date("2026-06-01T12:30:00+10:00"), "Australia/Sydney", { from: "12:00", to: "13:00" }),
    ).to.not.equal(null);
    expect(quietUntil(new Date(), "Australia/Sydney", { from: "12:00", to: "12:00" })).to.equal(null);
  });
});

describe("a word that carriers act on", () => {
  for (const text of ["STOP", "stop.", "Stop all", "UNSUBSCRIBE", "quit!"])
    it(`${text} is STOP`, () => expect(keywordIn(text, false)).to.equal("stop"));
  for (const text of ["Please stop by at 3", "Don't stop", "yes", "the end is near", ""])
    it(`"${text}" is an answer`, () => expect(keywordIn(text, false)).to.equal(null));
  it("START and, after STOP, yes", () => {
    expect(keywordIn("start", true)).to.equal("start");
    expect(keywordIn("Yes", true)).to.equal("start");
  });
});

describe("the wait before the next try", () => {
  it("grows, is never shorter than the provider asks for, and ends at ten minutes", () => {
    expect(retryIn(1, null, 1)).to.equal(2_000);
    expect(retryIn(1, 60_000, 0)).to.equal(60_000);
    expect(retryIn(1_000, null, 1)).to.equal(600_000);
  });
});
