import { expect } from "chai";
import { expectLinear, repeated } from "../support/growth.ts";

describe("the measure of growth that the tests of hostile text use", () => {
  const text = (size: number) => repeated("> x\n", size);

  it("accepts work that grows with the text", async () => {
    await expectLinear(16_384, text, (each) => each.split("\n").length);
  });

  // 64 times the work for 4 times the text, so other load on the machine makes no difference.
  it("refuses work that grows faster", async () => {
    const wasteful = (each: string) => {
      let lines = 0;
      for (let from = 0; from < each.length; from++)
        for (let to = from; to < each.length; to++)
          for (let at = from; at < to; at++) if (each.charCodeAt(at) === 10) lines += 1;
      return lines;
    };
    const outcome = await expectLinear(128, text, wasteful).then(
      () => "taken",
      () => "refused",
    );
    expect(outcome).to.equal("refused");
  });
});
