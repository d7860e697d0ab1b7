import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import {
  defaultName,
  describePath,
  membershipPaths,
  membersOf,
  resolveSelection,
  wouldCycle,
} from "../../../../src/policy/people/members.ts";
import { EMPTY_SELECTION } from "../../../../src/policy/people/selection.ts";
import { customGroupId, directory, username } from "../support/arbitraries.ts";
import { c, customGroup, inactive, practice, securityGroup, u, user } from "../support/practice.ts";

const people = practice(
  ["ann", "ben", "cara", "dan", inactive("gone")],
  [securityGroup("Doctors", ["ann", "gone", "unknown"]), securityGroup("Nurses", ["ben", "ann"])],
  [
    customGroup("night", { name: "Night shift", users: ["cara", "ann"], securityGroups: ["Doctors"] }),
    customGroup("all", {
      name: "Everybody",
      users: ["dan"],
      securityGroups: ["Nurses"],
      customGroups: ["night"],
    }),
    customGroup("loop1", { users: ["ann"], customGroups: ["loop2"] }),
    customGroup("loop2", { users: ["ben"], customGroups: ["loop1", "loop2"] }),
  ],
);

const waysOf = (group: string, who: string) =>
  membershipPaths(people, c(group), u(who)).map((path) => describePath(people, path));

describe("the members of a custom group", () => {
  it("come from people, security groups and custom groups, except inactive and unknown people", () => {
    expect([...membersOf(people, c("night"))]).to.have.members(["cara", "ann"]);
    expect([...membersOf(people, c("all"))]).to.have.members(["dan", "ben", "ann", "cara"]);
    expect([...membersOf(people, c("no such group"))]).to.deep.equal([]);
  });

  it("are found if groups form a circle", () => {
    expect([...membersOf(people, c("loop1"))]).to.have.members(["ann", "ben"]);
    expect([...membersOf(people, c("loop2"))]).to.have.members(["ann", "ben"]);
  });

  it("change with a new snapshot of the custom groups", () => {
    const night = customGroup("night", { users: ["dan"] });
    const after = { ...people, customGroups: new Map([[night.id, night]]) };
    expect([...membersOf(after, c("night"))]).to.deep.equal(["dan"]);
    expect([...membersOf(people, c("night"))]).to.have.members(["cara", "ann"]);
  });

  it("are explained by every group that contains them, by the shortest path", () => {
    expect(waysOf("all", "dan")).to.deep.equal(["added directly"]);
    expect(waysOf("all", "ann")).to.deep.equal([
      "through Nurses (group)",
      "through Night shift (custom group)",
      "through Doctors (group) in Night shift (custom group)",
    ]);
    expect(waysOf("all", "gone")).to.deep.equal([]);
  });

  it("are explained if groups form a circle", () => {
    expect(membershipPaths(people, c("loop1"), u("ann"))).to.deep.equal([[]]);
    expect(membershipPaths(people, c("loop1"), u("ben"))).to.deep.equal([[{ customGroup: "loop2" }]]);
  });
});

describe("a circle of custom groups", () => {
  const cases: Array<readonly [string, string, boolean]> = [
    ["night", "night", true],
    ["night", "all", true],
    ["all", "night", false],
    ["night", "loop1", false],
    ["loop1", "loop2", true],
    ["night", "unknown", false],
    ["not made yet", "not made yet", true],
  ];
  for (const [group, add, circle] of cases) {
    it(`${add} into ${group}: ${circle ? "refused" : "none"}`, () => {
      expect(wouldCycle(people, c(group), c(add))).to.equal(circle);
    });
  }
});

describe("a group without a name", () => {
  const named = practice(
    [
      user("a", { name: "Anna Jones" }),
      user("b", { name: "Ben Okafor" }),
      "cara",
      "dan",
      "eve",
      inactive("gone"),
    ],
    [securityGroup("Doctors", ["a"])],
    [customGroup("night", { name: null, users: ["a", "b"] })],
  );
  const cases: Array<readonly [Parameters<typeof customGroup>[1], string]> = [
    [{ users: ["a"] }, "Anna Jones"],
    [{ users: ["b", "a"] }, "Anna Jones and Ben Okafor"],
    [{ users: ["cara", "b", "a"] }, "Anna Jones, Ben Okafor and Cara"],
    [{ users: ["cara", "b", "a", "dan"] }, "Anna Jones, Ben Okafor and 2 others"],
    [{ users: ["eve", "cara", "b", "a", "dan", "gone"] }, "Anna Jones, Ben Okafor and 3 others"],
    [{ users: ["a", "b", "cara"], securityGroups: ["Doctors"] }, "Doctors, Anna Jones and 2 others"],
    [{ users: ["a"], customGroups: ["night"] }, "a group of 2 people and Anna Jones"],
    [{ users: ["gone"], securityGroups: ["gone"] }, "Empty group"],
  ];
  for (const [group, name] of cases) {
    it(`is called ${name}`, () => {
      expect(defaultName(named, customGroup("new", group))).to.equal(name);
    });
  }
});

describe("whatever the groups", () => {
  it("members and their paths agree, and circles end", () => {
    fc.assert(
      fc.property(directory, customGroupId, username, (staff, group, who) => {
        const paths = membershipPaths(staff, group, who);
        expect(paths.length > 0).to.equal(membersOf(staff, group).has(who));
        for (const path of paths) {
          let at = staff.customGroups.get(group);
          for (const [step, target] of path.entries()) {
            if ("securityGroup" in target) {
              expect(at?.securityGroups).to.include(target.securityGroup);
              expect(staff.securityGroups.get(target.securityGroup)?.members).to.include(who);
              expect(step, "a security group holds people only").to.equal(path.length - 1);
            } else {
              expect(at?.customGroups).to.include(target.customGroup);
              at = staff.customGroups.get(target.customGroup);
            }
          }
          const last = path.at(-1);
          if (last === undefined || "customGroup" in last) expect(at?.users).to.include(who);
        }
      }),
    );
  });

  it("only active people are members, and an empty selection has none", () => {
    fc.assert(
      fc.property(directory, customGroupId, (staff, group) => {
        for (const who of membersOf(staff, group)) expect(staff.users.get(who)?.active).to.equal(true);
        expect(resolveSelection(staff, EMPTY_SELECTION).size).to.equal(0);
      }),
    );
  });

  it("a group is refused only if it would contain itself", () => {
    fc.assert(
      fc.property(directory, customGroupId, customGroupId, (staff, group, add) => {
        const after = new Map(staff.customGroups);
        const now = after.get(group);
        if (now === undefined || !after.has(add)) return;
        after.set(group, { ...now, customGroups: [add] });
        const others = { ...staff, customGroups: after };
        // A circle: the group reaches itself through what was added.
        const walk = (id: typeof group, seen: ReadonlySet<string>): boolean =>
          id === group ||
          (!seen.has(id) &&
            (others.customGroups.get(id)?.customGroups ?? []).some((next) =>
              walk(next, new Set(seen).add(id)),
            ));
        expect(wouldCycle(staff, group, add)).to.equal(walk(add, new Set()));
      }),
    );
  });
});
