import { expect } from "chai";
import { retryIn } from "../../../src/jobs/backoff.ts";

describe("the wait before a job is tried again", () => {
  it("doubles from a quarter of a second up to a minute", () => {
    expect([1, 2, 3, 8, 9, 25, 1_000].map(retryIn)).to.deep.equal([
      250, 500, 1_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  it("is shortest for an attempt that does not count", () => {
    expect(retryIn(0)).to.equal(250);
  });
});
