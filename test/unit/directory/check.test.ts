import { expect } from "chai";
import { directoryErrors } from "../../../src/directory/check.ts";
import { directorySchema } from "../../../src/directory/schema.ts";
import type { Naming, UserId } from "../../../src/policy/model.ts";

const NAMING: Naming = {
  serverName: "practice.example",
  userPrefix: "ht_",
  bot: "@whisper:practice.example" as UserId,
  practiceName: "Test practice",
};

const user = (username: string) => ({ username, name: "Somebody" });
const group = (id: string, members: string[] = [], name = "A group") => ({ id, name, members });

describe("a directory whose parts do not fit", () => {
  const cases: [string, { users: unknown[]; security_groups?: unknown[] }, string[], string[]?][] = [
    ["nothing wrong", { users: [user("a"), user("b")], security_groups: [group("g", ["a", "b"])] }, []],
    ["a user name twice", { users: [user("a"), user("b"), user("a")] }, ["users[2].username"]],
    ["names that differ in capitals", { users: [user("Anna"), user("anna")] }, ["users[1].username"]],
    [
      "names that differ in how ü is written",
      { users: [user("M\u00fcller"), user("Mu\u0308ller")] },
      ["users[1].username"],
    ],
    [
      "a name that is known in other capitals",
      { users: [user("ANNA")] },
      ["users[0].username"],
      ["Anna", "ben"],
    ],
    ["a name that is known", { users: [user("anna")] }, [], ["anna"]],
    ["a blank name", { users: [user(" a")] }, ["users[0].username"]],
    ["a name that is too long as an account", { users: [user("é".repeat(60))] }, ["users[0].username"]],
    ["a name kept for groups", { users: [user("grp_x")] }, ["users[0].username"]],
    ["a group id twice", { users: [], security_groups: [group("g"), group("g")] }, ["security_groups[1].id"]],
    [
      "group ids that differ in capitals",
      { users: [], security_groups: [group("G"), group("g")] },
      ["security_groups[1].id"],
    ],
    [
      "a group that takes the account of Default",
      { users: [], security_groups: [group("default")] },
      ["security_groups[0].id"],
    ],
    ["Default itself", { users: [], security_groups: [group("Default")] }, []],
    ["Default under a number", { users: [], security_groups: [group("7", [], "Default")] }, []],
    [
      "members who are nobody",
      { users: [user("a")], security_groups: [group("g", ["a", "b", "A"])] },
      ["security_groups[0].members[1]", "security_groups[0].members[2]"],
    ],
    [
      "a member who is known, but not sent",
      { users: [], security_groups: [group("g", ["a"])] },
      ["security_groups[0].members[0]"],
      ["a"],
    ],
  ];
  for (const [title, directory, paths, known = []] of cases) {
    it(title, () => {
      const sent = directorySchema.parse({ security_groups: [], ...directory });
      expect(directoryErrors(NAMING, sent, known).map((error) => error.path)).to.deep.equal(paths);
    });
  }
});
