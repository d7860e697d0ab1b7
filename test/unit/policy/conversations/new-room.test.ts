import { expect } from "chai";
import { invitedIntoNew, invitedLater } from "../../../../src/policy/conversations/new-room.ts";
import { INVITED_LATER_TYPE, type UserId } from "../../../../src/policy/model.ts";
import {
  customGroup,
  groupId,
  idOf,
  inactive,
  neverReceives,
  practice,
  securityGroup,
  settings,
  withoutAccess,
} from "../support/practice.ts";

const people = practice(
  ["ann", "ben", neverReceives("shy"), neverReceives("quiet"), withoutAccess("locked"), inactive("gone")],
  [securityGroup("Doctors", ["ben", "shy"]), securityGroup("Silent", ["shy"]), securityGroup("Empty", [])],
  [customGroup("night", { users: ["ann", "ben"] })],
);
const [ann, ben, shy, quiet] = [idOf("ann"), idOf("ben"), idOf("shy"), idOf("quiet")];
const stranger = "@eve:elsewhere.example" as UserId;

describe("a room asked for with everybody in it", () => {
  const cases: Array<readonly [string, readonly UserId[], string | null, readonly UserId[] | RegExp]> = [
    ["nobody", [], null, []],
    ["somebody", [ben], null, []],
    ["one who never receives", [shy], null, /Shy has chosen not/],
    ["one who never receives, with a name", [shy], "Theatre", /Shy has chosen not/],
    ["one who never receives, twice", [shy, shy], "Theatre", /Shy has chosen not/],
    ["one who never receives, and the maker", [shy, ann], "Theatre", /Shy has chosen not/],
    ["several", [ben, shy], null, [shy]],
    ["several, whoever comes first", [shy, ben], "Theatre", [shy]],
    ["several who never receive", [shy, quiet], null, [shy, quiet]],
    ["a group with others in it", [groupId("Doctors"), shy], null, [shy]],
    ["a group of nobody else", [groupId("Silent"), shy], null, /Shy has chosen not/],
    ["a group of nobody", [groupId("Empty"), shy], null, /Shy has chosen not/],
    ["one without access", [idOf("locked"), shy], null, /Locked does not use/],
    ["one who is inactive", [idOf("gone"), shy], null, /Gone no longer works/],
    ["one who is invented, or from outside", [idOf("ghost"), stranger, shy], "Theatre", /Shy has chosen not/],
    ["Whisper", [settings.bot, shy], null, /Shy has chosen not/],
  ];
  for (const [what, invited, name, expected] of cases) {
    it(what, () => {
      const judged = invitedIntoNew(people, settings, { maker: ann, invited, name });
      if (expected instanceof RegExp) {
        expect(judged.allowed).to.equal(false);
        expect(judged.allowed ? "" : judged.reason).to.match(expected);
      } else expect(judged).to.deep.equal({ allowed: true, later: expected });
    });
  }

  it("by somebody who is not one of the practice is none of it", () => {
    const room = { maker: stranger, invited: [shy, ben], name: null };
    expect(invitedIntoNew(people, settings, room)).to.deep.equal({ allowed: true, later: [] });
  });
});

describe(`the content of ${INVITED_LATER_TYPE}`, () => {
  for (const [content, expected] of [
    [{ users: [shy] }, [shy]],
    [{ users: [1, null, shy, {}] }, [shy]],
    [{ users: shy }, []],
    [{}, []],
    [undefined, []],
  ] as const) {
    it(JSON.stringify(content) ?? "nothing", () => expect(invitedLater(content)).to.deep.equal(expected));
  }
});
