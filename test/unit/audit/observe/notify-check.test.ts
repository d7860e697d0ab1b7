import { expect } from "chai";
import { notifyProblems } from "../../../../src/audit/observe/notify-check.ts";
import type { Directory } from "../../../../src/policy/model.ts";

const person = (username: string, active: boolean) =>
  [username, { username, active, permissions: ["AccessWhisper"] }] as const;
const PEOPLE = {
  users: new Map([person("jane", true), person("gone", false)]),
  securityGroups: new Map(),
} as unknown as Directory;

describe("whom audit.observe.notify names", () => {
  it("can be told, however they are spelled", () => {
    expect(notifyProblems(["jane", "Jane"], PEOPLE)).to.deep.equal([]);
  });

  it("cannot be told if they are inactive or unknown, which is said with their place in the list", () => {
    expect(notifyProblems(["jane", "gone", "nobody"], PEOPLE)).to.deep.equal([
      "audit.observe.notify[1]: there is no user gone with access to Whisper",
      "audit.observe.notify[2]: there is no user nobody with access to Whisper",
    ]);
  });

  it("is not judged while nobody knows who works there", () => {
    expect(notifyProblems(["nobody"], null)).to.deep.equal([]);
  });
});
