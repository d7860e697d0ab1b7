import { expect } from "chai";
import { describe, it } from "mocha";
import * as words from "../../../src/policy/words.ts";

describe("the sentences for staff", () => {
  const names: ReadonlySet<string> = new Set([
    "whisper",
    "alertsName",
    "arrivalsName",
    "adminName",
    "emptyGroup",
    "unknownPerson",
    "addedDirectly",
  ]);
  const forAuditors: ReadonlySet<string> = new Set([
    "nothingThere",
    "aRoom",
    "ofConversation",
    "notForgotten",
    "notListed",
    "notEncrypted",
    "roomOpen",
    "ourAccount",
    "botJoined",
  ]);
  for (const [key, said] of Object.entries(words)) {
    if (typeof said !== "string" || names.has(key) || forAuditors.has(key)) continue;
    it(`${key} consists of whole sentences in plain words`, () => {
      expect(said).to.match(/^[A-Z].*[.]$/);
      expect(said).not.to.match(/[_<>{}@!]|M_|\bMXID\b|power level|tombstone|state event/i);
      expect(said.length).to.be.at.most(120);
    });
  }

  it("lists names as people say them", () => {
    expect(words.listOfNames([])).to.equal("");
    expect(words.listOfNames(["Ann"])).to.equal("Ann");
    expect(words.listOfNames(["Ann", "Ben"])).to.equal("Ann and Ben");
    expect(words.listOfNames(["Ann", "Ben", "Cara"])).to.equal("Ann, Ben and Cara");
  });
});
