import { expect } from "chai";
import { describe, it } from "mocha";
import {
  effectivePermissions,
  hasAccess,
  isWhisperAdmin,
  permissionsAsSent,
  securityGroupsOf,
} from "../../../../src/policy/people/permissions.ts";
import { practice, securityGroup, u, user } from "../support/practice.ts";

const BOTH = ["AccessWhisper", "WhisperAdmin"];

describe("AccessWhisper", () => {
  const cases: Array<
    readonly [string, { own: string[]; group: string[]; member: boolean; active: boolean }, boolean]
  > = [
    ["of one's own", { own: ["AccessWhisper"], group: [], member: false, active: true }, true],
    ["through a group", { own: [], group: ["AccessWhisper"], member: true, active: true }, true],
    ["in a group one is not in", { own: [], group: ["AccessWhisper"], member: false, active: true }, false],
    ["nowhere", { own: ["Other"], group: [], member: true, active: true }, false],
    [
      "of one who is inactive",
      { own: ["AccessWhisper"], group: ["AccessWhisper"], member: true, active: false },
      false,
    ],
  ];
  for (const [what, { own, group, member, active }, access] of cases) {
    it(`${what}: ${access ? "access" : "no access"}`, () => {
      const people = practice(
        [user("ann", { permissions: own, active })],
        [securityGroup("Nurses", member ? ["ann"] : [], group)],
      );
      expect(hasAccess(people, u("ann"))).to.equal(access);
    });
  }

  it("is given by Default unless HealthTrack says otherwise", () => {
    expect(permissionsAsSent(undefined, true)).to.deep.equal(["AccessWhisper"]);
    expect(permissionsAsSent([], true)).to.deep.equal([]);
    expect(permissionsAsSent(undefined, false)).to.deep.equal([]);
  });

  it("is never given to someone unknown", () => {
    const people = practice([], [securityGroup("Nurses", ["ghost"], ["AccessWhisper"])]);
    expect(hasAccess(people, u("ghost"))).to.equal(false);
  });
});

describe("WhisperAdmin", () => {
  const cases: Array<
    readonly [string, { own: string[]; groups: Array<readonly [string, string[]]> }, boolean]
  > = [
    ["directly and in HMS-Administrator", { own: BOTH, groups: [["HMS-Administrator", []]] }, true],
    ["directly only", { own: BOTH, groups: [["Managers", []]] }, false],
    [
      "through HMS-Administrator only",
      { own: ["AccessWhisper"], groups: [["HMS-Administrator", ["WhisperAdmin"]]] },
      false,
    ],
    ["without AccessWhisper", { own: ["WhisperAdmin"], groups: [["HMS-Administrator", []]] }, false],
    [
      "with AccessWhisper from the group",
      { own: ["WhisperAdmin"], groups: [["HMS-Administrator", ["AccessWhisper"]]] },
      true,
    ],
  ];
  for (const [what, { own, groups }, admin] of cases) {
    it(`assigned ${what}: ${admin ? "an administrator" : "none"}`, () => {
      const people = practice(
        [user("ann", { permissions: own })],
        groups.map(([id, permissions]) => securityGroup(id, ["ann"], permissions)),
      );
      expect(isWhisperAdmin(people, u("ann"))).to.equal(admin);
    });
  }

  it("also knows HMS-Administrator by its name, and never counts inactive users", () => {
    const group = { ...securityGroup("17", ["ann", "ben"]), name: "HMS-Administrator" };
    const people = practice(
      [user("ann", { permissions: BOTH }), user("ben", { permissions: BOTH, active: false })],
      [group],
    );
    expect(isWhisperAdmin(people, u("ann"))).to.equal(true);
    expect(isWhisperAdmin(people, u("ben"))).to.equal(false);
  });
});

describe("HMS-Administrator", () => {
  const named = (id: string, member: string, name = "HMS-Administrator") => ({
    ...securityGroup(id, [member]),
    name,
  });
  const cases: Array<readonly [string, Array<ReturnType<typeof named>>, string[]]> = [
    [
      "the one with the id, though another is called so",
      [named("17", "ben"), named("HMS-Administrator", "ann")],
      ["ann"],
    ],
    [
      "the one with the id in another spelling, whatever it is called",
      [named("17", "ben"), named("hms-administrator", "ann", "Admins")],
      ["ann"],
    ],
    ["the only one called so", [named("17", "ann"), named("18", "ben", "HMS")], ["ann"]],
    ["none of two called so", [named("17", "ann"), named("18", "ben", "hms-ADMINISTRATOR")], []],
  ];
  for (const [what, groups, expected] of cases)
    it(`is ${what}`, () => {
      const people = practice(
        [user("ann", { permissions: BOTH }), user("ben", { permissions: BOTH })],
        groups,
      );
      expect(["ann", "ben"].filter((name) => isWhisperAdmin(people, u(name)))).to.deep.equal(expected);
    });
});

describe("effective permissions", () => {
  const groups = [
    securityGroup("A", ["ann"], ["One"]),
    securityGroup("B", ["ann"], ["Two"]),
    securityGroup("C", [], ["Three"]),
  ];
  it("are the person's own and those of their groups", () => {
    const people = practice([user("ann", { permissions: ["Own"] })], groups);
    expect([...effectivePermissions(people, u("ann"))]).to.have.members(["Own", "One", "Two"]);
    expect([...securityGroupsOf(people, u("ann"))]).to.have.members(["A", "B"]);
  });

  it("change with a new snapshot of the users or groups", () => {
    const before = practice([user("ann", { permissions: [] })], [securityGroup("A", ["ann"])]);
    expect(hasAccess(before, u("ann"))).to.equal(false);
    const group = securityGroup("A", ["ann"], ["AccessWhisper"]);
    expect(hasAccess({ ...before, securityGroups: new Map([[group.id, group]]) }, u("ann"))).to.equal(true);
    const ann = user("ann");
    expect(hasAccess({ ...before, users: new Map([[ann.username, ann]]) }, u("ann"))).to.equal(true);
  });
});
