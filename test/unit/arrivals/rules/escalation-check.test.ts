import { expect } from "chai";
import { alertRoleProblems, escalationProblems } from "../../../../src/arrivals/rules/escalation-check.ts";
import { directoryOf, named, securityGroup, user } from "../support/builders.ts";

const group = (id: string, ...members: string[]) => securityGroup(id, `The ${id}`, members.map(named));

const directory = directoryOf(
  [user("manager", { role: "Practice Manager" }), user("gone", { active: false, role: "Nurse" })],
  [
    group("reception", "manager"),
    group("empty"),
    group("left", "gone"),
    group("a"),
    securityGroup("b", "The a", [named("manager")]),
  ],
);
const rule = (names: { backup?: string; reception?: string }) => ({ after: 60_000, ...names });

describe("a check of who is told when nobody answers", () => {
  const CASES: readonly [string, { backup?: string; reception?: string }, RegExp | null][] = [
    ["a user and a group", { backup: "manager", reception: "reception" }, null],
    ["a group by its name", { reception: "The reception" }, null],
    ["neither", {}, /\[0\]: names nobody; give it a backup/],
    [
      "a user who is not there",
      { backup: "manger" },
      /\[0\]\.backup: there is no user and no security group called manger/,
    ],
    ["a group without members", { reception: "empty" }, /\[0\]\.reception: nobody in empty can be told/],
    ["a group of those who left", { reception: "left" }, /nobody in left can be told/],
    [
      "a name that two groups have",
      { reception: "The a" },
      /\[0\]\.reception: several security groups are called The a; give the id/,
    ],
    ["the id of one of them", { reception: "b" }, null],
    ["a user who left", { backup: "gone" }, /nobody in gone can be told/],
  ];
  for (const [what, names, expected] of CASES) {
    it(`of ${what}: ${expected === null ? "finds nothing" : "reports it, with the key"}`, () => {
      const problems = escalationProblems([rule(names)], directory);
      if (expected === null) expect(problems).to.deep.equal([]);
      else expect(problems.join("\n")).to.match(expected);
    });
  }

  it("reports no one as missing if the directory is empty", () => {
    expect(escalationProblems([rule({ backup: "manger" })], null)).to.deep.equal([]);
    expect(escalationProblems([rule({})], null)).to.have.length(1);
  });
});

describe("a check of the roles that may follow more arrivals", () => {
  it("finds nothing when somebody has each of them, however it is written, or when there are none", () => {
    expect(alertRoleProblems({ all: ["practice  manager"] }, directory)).to.deep.equal([]);
    expect(alertRoleProblems({}, directory)).to.deep.equal([]);
    expect(alertRoleProblems({ all: [] }, directory)).to.deep.equal([]);
  });

  it("reports a role that nobody active has, with the key", () => {
    const roles = { location: ["Practice Manager", "Nurse"], all: ["Practise Manager"] };
    expect(alertRoleProblems(roles, directory)).to.deep.equal([
      "arrivals.alert_roles.location[1]: nobody has the role Nurse",
      "arrivals.alert_roles.all[0]: nobody has the role Practise Manager",
    ]);
    expect(alertRoleProblems(roles, null)).to.deep.equal([]);
  });
});
