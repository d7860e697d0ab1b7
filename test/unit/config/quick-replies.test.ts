import { expect } from "chai";
import { configSchema } from "../../../src/config/schema.ts";

describe("quick answers in the configuration", () => {
  const arrivals = configSchema.shape.arrivals;
  const problem = (...keys: string[]) =>
    arrivals.safeParse({ quick_replies: keys.map((key) => ({ key, text: "Yes." })) }).error?.issues[0]
      ?.message;

  for (const keys of [["👍", "👍🏽"], ["⏳", "⏳\ufe0f"], ["✅"], ["↩"], ["🚪", "🕘"]]) {
    it(`are refused if they look the same, or are Whisper's own button: ${keys.join(" ")}`, () => {
      expect(problem(...keys)).to.match(/^each needs a key of its own/);
    });
  }

  it("are the hourglass and the door by default", () => {
    expect(arrivals.parse({}).quick_replies.map(({ key }) => key)).to.deep.equal(["⏳", "🚪"]);
    expect(problem("👍🏽", "☕")).to.equal(undefined);
  });
});
