import { expect } from "chai";
import { expectLinear, repeated } from "../support/growth.ts";

describe("the measure of growth that the tests of hostile text use", () => {
  const text = (size: number) => repeated("> x\n", size);

  it("takes work that grows with the text", async () => {
    await expectLinear(16_384, text, (each) => each.split("\n").length);
  });

  const QUADRATIC: Readonly<Record<string, (each: string) => unknown>> = {
    "a look at the rest for each character": (each) => {
      let lines = 0;
      for (let from = 0; from < each.length; from++)
        for (let at = from; at < each.length; at++) if (each.charCodeAt(at) === 10) lines += 1;
      return lines;
    },
    "an expression that tries each beginning": (each) => /[>x\s]*y$/.test(each),
  };
  for (const [what, work] of Object.entries(QUADRATIC)) {
    it(`refuses work that grows faster: ${what}`, async () => {
      const outcome = await expectLinear(1_024, text, work).then(
        () => "taken",
        () => "refused",
      );
      expect(outcome).to.equal("refused");
    });
  }
});
