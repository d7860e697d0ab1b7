import { expect } from "chai";
import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import {
  groupsThatHangOnFew,
  roomHangsOnFew,
  withoutLeft,
} from "../../../../src/policy/callbacks/hangs-on-few.ts";
import { membersOf } from "../../../../src/policy/people/members.ts";
import {
  c,
  conversation,
  customGroup,
  customId,
  groupId,
  idOf,
  neverReceives,
  practice,
  securityGroup,
  settings,
  withoutAccess,
} from "../support/practice.ts";

const staff = [
  "ann",
  "ben",
  "cara",
  "dan",
  neverReceives("shy"),
  neverReceives("mute"),
  withoutAccess("locked"),
];
const groups = [securityGroup("Ben", ["ben"]), securityGroup("All", ["ann", "ben", "cara", "dan", "shy"])];

describe("whether someone who never receives would be reached alone depends on who is still there", () => {
  const cases: Array<readonly [string, readonly string[], readonly string[], boolean]> = [
    ["the two and one more", ["ann", "ben", "shy"], [], true],
    ["the two and two more", ["ann", "ben", "cara", "shy"], [], true],
    ["the two and three more", ["ann", "ben", "cara", "dan", "shy"], [], false],
    ["the two and one more through a group", ["ann", "shy"], ["Ben"], true],
    ["the two, one more and one without access", ["ann", "ben", "shy", "locked"], [], true],
    ["two who never receive", ["ann", "shy", "mute"], [], true],
    ["the two and a large group", ["ann", "shy"], ["All"], false],
    ["three who receive", ["ann", "ben", "cara"], [], false],
  ];
  for (const [what, users, securityGroups, expected] of cases) {
    const people = practice(staff, groups, [
      customGroup("it", { users, securityGroups }),
      customGroup("outer", { users: ["ann"], customGroups: ["it"] }),
    ]);
    const managed: CallbackRoom = { room: "managed", conversation: conversation.custom("it") };
    it(`${expected ? "" : "not "}in a group of ${what}`, () =>
      expect(groupsThatHangOnFew(people, settings, { by: idOf("ann"), room: managed })).to.deep.equal(
        expected ? [c("it")] : [],
      ));

    it(`${expected ? "" : "not "}in a room of ${what} that someone made`, () => {
      const others = [...users.map(idOf), ...securityGroups.map(groupId), settings.bot];
      const room: CallbackRoom = { room: "user-made", others, joined: others };
      expect(roomHangsOnFew(people, settings, { by: idOf("ann"), room })).to.equal(expected);
    });

    it(`${expected ? "" : "not "}for a name, in the group that also contains ${what}`, () => {
      const act = { by: idOf("ann"), room: managed, names: true };
      expect(groupsThatHangOnFew(people, settings, act)).to.have.members(
        expected ? [c("it"), c("outer")] : [],
      );
    });
  }

  it("for an invitation, depends on whom it adds", () => {
    const people = practice(staff, groups, [customGroup("it", { users: ["ann", "ben"] })]);
    const managed: CallbackRoom = { room: "managed", conversation: conversation.custom("it") };
    const invite = (to: string) =>
      groupsThatHangOnFew(people, settings, { by: idOf("ann"), room: managed, to: idOf(to) });
    expect(invite("shy")).to.deep.equal([c("it")]);
    expect(invite("cara")).to.deep.equal([]);
    const others = [idOf("ann"), idOf("ben")];
    const made: CallbackRoom = { room: "user-made", others, joined: others };
    expect(roomHangsOnFew(people, settings, { by: idOf("ann"), room: made, to: idOf("shy") })).to.equal(true);
    expect(roomHangsOnFew(people, settings, { by: idOf("ann"), room: made, to: idOf("cara") })).to.equal(
      false,
    );
  });

  it("asks about at most ten rooms", () => {
    const nested = Array.from({ length: 40 }, (_, index) => customGroup(`n${index}`, { users: ["ben"] }));
    const it = customGroup("it", { users: ["ann", "shy"], customGroups: nested.map(({ id }) => id) });
    const people = practice(staff, groups, [...nested, it]);
    const room: CallbackRoom = { room: "managed", conversation: conversation.custom("it") };
    const asked = groupsThatHangOnFew(people, settings, { by: idOf("ann"), room });
    expect(asked).to.have.lengthOf(10).and.include(c("it"));
  });
});

describe("a group without those who have left its room", () => {
  const people = practice(staff, groups, [
    customGroup("inner", { users: ["cara"] }),
    customGroup("it", { users: ["ann", "ben", "shy"], securityGroups: ["Ben"], customGroups: ["inner"] }),
  ]);
  const left = (...accounts: ReturnType<typeof idOf>[]) => [
    ...membersOf(withoutLeft(people, settings, new Map([[c("it"), accounts]])), c("it")),
  ];
  it("keeps the members of a group until its handle has also left", () => {
    expect(left(idOf("ben"))).to.have.members(["ann", "ben", "shy", "cara"]);
    expect(left(idOf("ben"), groupId("Ben"))).to.have.members(["ann", "shy", "cara"]);
    expect(left(customId("inner"))).to.have.members(["ann", "ben", "shy"]);
  });
  it("changes nothing for those who are not part of it", () => {
    expect(left(idOf("dan"), settings.bot, idOf("nobody"))).to.have.members(["ann", "ben", "shy", "cara"]);
  });
});
