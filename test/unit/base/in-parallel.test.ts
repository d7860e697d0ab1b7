import { expect } from "chai";
import { inParallel } from "../../../src/base/in-parallel.ts";

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("work in parallel", () => {
  it("runs as many at once as allowed, and returns the results in order", async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([5, 1, 3, 2, 4], 2, async (ticks) => {
      most = Math.max(most, ++running);
      for (let at = 0; at < ticks; at++) await tick();
      running -= 1;
      return ticks * 10;
    });
    expect(results).to.deep.equal([50, 10, 30, 20, 40]);
    expect(most).to.equal(2);
  });

  it("starts nothing more after a failure, and fails once the running ones are done", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const outcome = await inParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error("the first");
      for (let at = 0; at < 5; at++) await tick();
      ended.push(item);
    }).then(() => null, String);
    expect(outcome).to.equal("Error: the first");
    expect([begun, ended]).to.deep.equal([[1, 2], [2]]);
  });
});
