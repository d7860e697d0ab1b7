import { expect } from "chai";
import type { StoredDirectory } from "../../../../src/directory/input/plan.ts";
import { readDirectory } from "../../../../src/directory/input/read.ts";
import { directorySchema } from "../../../../src/directory/input/schema.ts";
import type { PracticeSettings, UserId } from "../../../../src/policy/model.ts";

const SETTINGS: PracticeSettings = {
  serverName: "practice.example",
  userPrefix: "ht_",
  bot: "@whisper:practice.example" as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};
const NOTHING: StoredDirectory = { users: new Map(), groups: new Map() };
const user = (username: unknown, more: Record<string, unknown> = {}) => ({
  username,
  name: "Somebody",
  ...more,
});
const group = (id: unknown, members: unknown = [], more: Record<string, unknown> = {}) => ({
  id,
  name: "A group",
  members,
  ...more,
});
const read = (users: unknown[], groups: unknown[] = [], stored = NOTHING) =>
  readDirectory(SETTINGS, directorySchema.parse({ users, security_groups: groups }), stored);

/** What is known after this was sent. */
const practice = (users: unknown[], groups: unknown[] = []) => read(users, groups).wanted;

describe("a directory with errors", () => {
  const places: [string, unknown[], unknown[], string[]][] = [
    ["nothing", [user("a"), user("b")], [group("g", ["a", "b"])], []],
    ["a user name twice", [user("a"), user("b"), user("a")], [], ["users[2].username"]],
    ["one person in two spellings", [user("Anna"), user("anna")], [], ["users[1].username"]],
    ["ü written in two ways", [user("M\u00fcller"), user("Mu\u0308ller")], [], ["users[1].username"]],
    ["a name too long as an account", [user("é".repeat(60))], [], ["users[0].username"]],
    ["a name kept for groups", [user("grp_x")], [], ["users[0].username"]],
    ["a record that is none", [7, null, [], "anna"], [], ["users[0]", "users[1]", "users[2]", "users[3]"]],
    ["no name", [{ username: "a" }], [], ["users[0].name"]],
    ["an unknown field", [user("a", { nickname: "x" })], [], ["users[0].nickname"]],
    ["an address that is none", [user("a", { email: "n/a" })], [], ["users[0].email"]],
    ["a group twice", [], [group("g"), group("g")], ["security_groups[1].id"]],
    ["one group in two spellings", [], [group("G"), group("g")], ["security_groups[1].id"]],
    [
      "members who are nobody",
      [user("a")],
      [group("g", ["a", "b", 7])],
      ["security_groups[0].members[1]", "security_groups[0].members[2]"],
    ],
    ["members that are no list", [user("a")], [group("g", "a")], ["security_groups[0].members"]],
  ];
  for (const [title, users, groups, paths] of places) {
    it(`says where the error is: ${title}`, () => {
      const { problems } = read(users, groups);
      expect(problems.map((problem) => problem.path)).to.deep.equal(paths);
      for (const { message, kept } of problems) {
        expect(message).to.be.a("string").that.is.not.empty;
        expect(kept).to.be.oneOf(["as known", "left out"]);
      }
    });
  }

  const ben = user("ben", { email: "ben@practice.example", locations: ["Botany"], role: "Nurse" });
  const known = practice([user("anna"), ben, user("cora")], [group("N", ["ben"]), group("D", ["anna"])]);

  it("keeps the stored value of a bad field, and accepts the others", () => {
    const sent = { ...ben, email: "n/a", locations: [7], role: "Sister", nickname: "B" };
    const { wanted, problems } = read([user("anna"), sent, user("cora")], [], known);
    expect([...wanted.users.values()][1]).to.include({ email: "ben@practice.example", role: "Sister" });
    expect([...wanted.users.values()][1]?.locations).to.deep.equal(["Botany"]);
    expect(problems.map(({ path, kept }) => [path, kept])).to.deep.equal([
      ["users[1].email", "as known"],
      ["users[1].locations[0]", "as known"],
      ["users[1].nickname", "left out"],
    ]);
  });

  it("keeps a person whose record cannot be read, and deactivates those who left", () => {
    const { wanted, problems } = read([user("anna"), { ...ben, name: null, role: "Sister" }], [], known);
    expect([...wanted.users.keys()].sort()).to.deep.equal(["anna", "ben"]);
    expect([...wanted.users.values()].find((each) => each.username === "ben")?.role).to.equal("Nurse");
    expect(problems).to.have.length(1);
  });

  for (const name of ["ben\u0007", ["BEN"], "b\u0000en", "\u202eben"]) {
    it(`finds whose record it is by what can be read of ${JSON.stringify(name)}`, () => {
      const { wanted } = read([user("anna"), user(name)], [], known);
      expect([...wanted.users.keys()].sort()).to.deep.equal(["anna", "ben"]);
    });
  }

  for (const name of [null, undefined, {}, "x".repeat(5_000), " "]) {
    it(`deactivates no one while it is unknown whose record ${JSON.stringify(name)?.slice(0, 9)} is`, () => {
      const { wanted, problems } = read([user("anna"), user(name)], [], known);
      expect([...wanted.users.keys()].sort()).to.deep.equal(["anna", "ben", "cora"]);
      expect(problems.at(-1)).to.include({ path: "users", kept: "as known" });
      expect(problems.at(-1)?.message).to.match(/2 active users were not sent/);
    });
  }

  it("still deactivates people who are sent as inactive", () => {
    const { wanted } = read([user(null), user("cora", { active: false })], [], known);
    expect([...wanted.users.values()].find((each) => each.username === "cora")?.active).to.equal(false);
  });

  it("leaves out someone new if it is unknown whether they may sign in", () => {
    const { wanted, problems } = read([user("dan", { active: "no" })]);
    expect([...wanted.users.keys()]).to.deep.equal([]);
    expect(problems.map(({ path, kept }) => [path, kept])).to.deep.equal([["users[0].active", "left out"]]);
  });

  it("uses the record with the known spelling if a username was sent twice", () => {
    const other = user("ANNA", { name: "Ben Adler" });
    const { wanted } = read([other, user("anna", { role: "Nurse" }), user("cora")], [], known);
    expect([...wanted.users.values()][0]).to.include({ name: "Somebody", role: "Nurse" });
    // The other record may be Ben's, sent with the wrong username.
    expect([...wanted.users.keys()]).to.include("ben");
    const doubled = read([user("anna"), user("anna"), user("cora")], [], known);
    expect([...doubled.wanted.users.keys()]).not.to.include("ben");
  });

  const members = (wanted: StoredDirectory, id: string) =>
    [...wanted.groups.values()].find((each) => each.id === id)?.members;
  const all = [user("anna"), ben, user("cora")];

  it("keeps a group that cannot be read, and its remaining members", () => {
    const { wanted } = read([user("anna"), ben], [{ id: "N", name: 7, members: [] }, group("D")], known);
    expect(members(wanted, "N")).to.deep.equal(["ben"]);
    expect(members(wanted, "D")).to.deep.equal([]);
    expect(members(read([user("anna")], [{ id: "N" }], known).wanted, "N")).to.deep.equal([]);
  });

  it("deletes no group while it is unknown which one a record means", () => {
    const { wanted, problems } = read(all, [group(null), group("D", ["anna"])], known);
    expect(members(wanted, "N")).to.deep.equal(["ben"]);
    expect(problems.at(-1)).to.include({ path: "security_groups", kept: "as known" });
  });

  it("removes no one from a group that is sent without members", () => {
    const { wanted, problems } = read(all, [{ id: "N", name: "A group" }, group("D")], known);
    expect(members(wanted, "N")).to.deep.equal(["ben"]);
    expect(problems).to.deep.equal([]);
  });

  for (const sent of [null, 7, "ben", {}, [null], [""], ["x".repeat(999)]]) {
    it(`removes no one from a group whose members are ${JSON.stringify(sent)?.slice(0, 9)}`, () => {
      expect(members(read(all, [group("N", sent), group("D")], known).wanted, "N")).to.deep.equal(["ben"]);
    });
  }

  it("removes members who are not sent, even next to an unknown member", () => {
    expect(members(read(all, [group("N", ["cora", "zoe"])], known).wanted, "N")).to.deep.equal(["cora"]);
  });

  it("recognises Default however it is written, and under a number", () => {
    for (const [id, name] of [
      ["default", "default"],
      [" Default ", "Everybody"],
      ["7", "DEFAULT"],
    ]) {
      const groups = [...read(all, [group(id, ["anna"], { name })]).wanted.groups.values()];
      expect(groups).to.have.length(1);
      expect(groups[0]).to.include({ id: id === "7" ? "7" : "Default", everyone: false });
      expect(groups[0]?.permissions).to.deep.equal(["AccessWhisper"]);
    }
  });

  it("does not give AccessWhisper to everyone because Default cannot be read", () => {
    const narrow = practice(all, [group("Default", ["anna"])]);
    for (const broken of [
      group("Default", [], { name: 7 }),
      group(null, [], { name: "Default" }),
      group({}),
    ]) {
      const { wanted } = read(all, [broken], narrow);
      expect(members(wanted, "Default")).to.deep.equal(["anna"]);
    }
  });

  it("has everyone in the implicit Default, even if it was sent unreadably", () => {
    const { wanted } = read([...all, user("dan")], [group("Default", [], { name: 7 })], known);
    expect(members(wanted, "Default")).to.deep.equal(["anna", "ben", "cora", "dan"]);
  });

  describe("with several groups named like one of HealthTrack's own", () => {
    const named = (id: string, name: string, more: Record<string, unknown> = {}) =>
      group(id, ["a"], { name, ...more });
    const accessOf = ({ wanted }: ReturnType<typeof read>) =>
      [...wanted.groups.values()]
        .filter(({ permissions }) => permissions.includes("AccessWhisper"))
        .map(({ id }) => id);
    const nobody = named("17", "Default", { permissions: [] });

    it("follows the one with the id, and gives the other nothing", () => {
      const given = read([user("a")], [named("Default", "Everybody"), named("18", "Default")]);
      expect(accessOf(given)).to.deep.equal(["Default"]);
      const told = read(
        [user("a")],
        [named("DEFAULT", "Default", { permissions: [] }), named("18", "Default")],
      );
      expect(accessOf(told)).to.deep.equal([]);
      expect([...given.problems, ...told.problems]).to.deep.equal([]);
    });

    it("keeps the one that was Default, gives the other nothing, and reports it", () => {
      for (const [first, access] of [
        [nobody, []],
        [named("17", "Default"), ["17"]],
      ] as const) {
        const before = read([user("a")], [first]).wanted;
        const both = read([user("a")], [named("18", "default"), first], before);
        expect(accessOf(both)).to.deep.equal(access);
        expect(accessOf(read([user("a")], [named("18", "default"), first], both.wanted))).to.deep.equal(
          access,
        );
        expect(both.problems.map(({ message }) => message).join()).to.match(
          /Several groups are called Default/,
        );
      }
    });

    it("picks none of them if nothing is known, as if Default had not been sent", () => {
      const both = read([user("a")], [named("18", "Default"), nobody]);
      expect(accessOf(both)).to.deep.equal(["Default"]);
      expect(both.problems).to.have.lengthOf(1);
    });

    it("also reports it for HMS-Administrator", () => {
      const admins = ["17", "18"].map((id) => named(id, "HMS-Administrator"));
      expect(
        read([user("a")], admins)
          .problems.map(({ message }) => message)
          .join(),
      ).to.match(/HMS-Administrator/);
      const [own] = admins;
      expect(read([user("a")], [own, named("hms-administrator", "x")]).problems).to.deep.equal([]);
    });
  });
});
