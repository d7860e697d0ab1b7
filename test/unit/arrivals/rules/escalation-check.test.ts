import { expect } from "chai";
import { escalationProblems } from "../../../../src/arrivals/rules/escalation-check.ts";
import type { Directory, SecurityGroup, User } from "../../../../src/policy/model.ts";

const user = (username: string, active = true) =>
  [
    username,
    { username, name: username, active, permissions: ["AccessWhisper"], doctor: false, locations: [] },
  ] as unknown as [never, User];
const group = (id: string, ...members: string[]) =>
  [id, { id, name: `The ${id}`, members, permissions: [] }] as unknown as [never, SecurityGroup];

const twin = ["b", { id: "b", name: "The a", members: ["manager"], permissions: [] }] as unknown as [
  never,
  SecurityGroup,
];

const directory: Directory = {
  users: new Map([user("manager"), user("gone", false)]),
  securityGroups: new Map([
    group("reception", "manager"),
    group("empty"),
    group("left", "gone"),
    group("a"),
    twin,
  ]),
  customGroups: new Map(),
};
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
    it(`of ${what}: ${expected === null ? "nothing to say" : "says it, with the key"}`, () => {
      const problems = escalationProblems([rule(names)], directory);
      if (expected === null) expect(problems).to.deep.equal([]);
      else expect(problems.join("\n")).to.match(expected);
    });
  }

  it("names nobody for missing when nobody is known", () => {
    expect(escalationProblems([rule({ backup: "manger" })], null)).to.deep.equal([]);
    expect(escalationProblems([rule({})], null)).to.have.length(1);
  });
});
