import { expect } from "chai";
import { SharedMap } from "../../../src/base/shared-map.ts";

describe("a map that shares what has not changed", () => {
  it("answers as a plain map does, in every version, whatever was put in and taken out", () => {
    const plain = new Map<number, string>();
    let shared = new SharedMap<number, string>();
    const versions: [SharedMap<number, string>, Map<number, string>][] = [];
    for (let round = 0; round < 300; round++) {
      const changes = new Map<number, string | undefined>();
      for (let each = 0; each < 1 + (round % 3); each++) {
        const key = (round * 37 + each * 11) % 150;
        changes.set(key, (round + each) % 4 === 0 ? undefined : `${key} in ${round}`);
      }
      for (const [key, value] of changes) {
        if (value === undefined) plain.delete(key);
        else plain.set(key, value);
      }
      shared = shared.with(changes);
      versions.push([shared, new Map(plain)]);
    }
    for (const [version, expected] of versions)
      for (let key = 0; key < 150; key++) expect(version.get(key)).to.equal(expected.get(key));
  });

  it("is the same object if nothing changes", () => {
    const map = new SharedMap(new Map([[1, "one"]]));
    expect(map.with(new Map())).to.equal(map);
  });
});
