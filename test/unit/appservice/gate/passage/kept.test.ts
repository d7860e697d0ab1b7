import { expect } from "chai";
import { Kept } from "../../../../../src/appservice/gate/passage/kept.ts";

describe("gate: values kept for a while", () => {
  it("are forgotten when they expire", () => {
    let now = 0;
    const kept = new Kept<number>(10, 1_000, () => now);
    kept.set("a", 1);
    now = 999;
    expect(kept.get("a")).to.equal(1);
    now = 1_000;
    expect(kept.get("a")).to.equal(undefined);
  });

  it("are limited in number: the one that was set longest ago goes", () => {
    const kept = new Kept<number>(2, 1_000, () => 0);
    kept.set("a", 1);
    kept.set("b", 2);
    kept.set("a", 3);
    kept.set("c", 4);
    expect([kept.get("a"), kept.get("b"), kept.get("c")]).to.deep.equal([3, undefined, 4]);
  });

  it("are not kept at all if the time is zero", () => {
    const kept = new Kept<number>(2, 0, () => 0);
    kept.set("a", 1);
    expect(kept.get("a")).to.equal(undefined);
  });
});
