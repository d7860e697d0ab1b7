import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import type {
  Directory,
  SecurityGroup,
  SecurityGroupId,
  User,
  Username,
} from "../../../../src/policy/model.ts";
import { accessIndex } from "../../../../src/policy/people/permissions.ts";
import { g, practice, securityGroup, u, user } from "../support/practice.ts";

const [ACCESS, ADMIN] = ["AccessWhisper", "WhisperAdmin"];

/** What the rules say about one user, read from the whole directory. */
function asRuled({ users, securityGroups }: Directory, name: Username) {
  const groups = [...securityGroups.values()].filter((group) => group.members.includes(name));
  const own = users.get(name);
  const access =
    own?.active === true && [own, ...groups].some(({ permissions }) => permissions.includes(ACCESS));
  const called = (word: "id" | "name") =>
    [...securityGroups.values()].filter((group) => group[word].toLowerCase() === "hms-administrator");
  const [byId] = called("id");
  const [byName, another] = called("name");
  const shipped = byId ?? (another === undefined ? byName : undefined);
  return {
    groups: new Set(groups.map(({ id }) => id)),
    access,
    admin: access && own.permissions.includes(ADMIN) && shipped !== undefined && groups.includes(shipped),
  };
}

const NAMES = ["ann", "ben", "cleo", "dan"];
const permissions = fc.subarray([ACCESS, ADMIN]);
const GROUPS = ["Default", "HMS-Administrator", "7", "8"];
const name = fc.constantFrom("Nurses", "hms-ADMINISTRATOR");
/** One record is added, changed or removed. */
const change = fc.oneof(
  fc.record({
    what: fc.constant("user" as const),
    user: fc.record({
      username: fc.constantFrom(...NAMES),
      active: fc.boolean(),
      permissions,
      gone: fc.boolean(),
    }),
  }),
  fc.record({
    what: fc.constant("group" as const),
    group: fc.record({
      id: fc.constantFrom(...GROUPS),
      name,
      members: fc.subarray([...NAMES, "ghost"]),
      permissions,
      gone: fc.boolean(),
    }),
  }),
);

function changed<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value, gone: boolean) {
  const next = new Map(map);
  if (gone) next.delete(key);
  else next.set(key, value);
  return next;
}

describe("who has access, updated from one directory to the next", () => {
  it("is what the rules say about the whole directory after any changes, and after a step back", () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), (steps) => {
        let directory = practice([], []);
        const seen: Directory[] = [];
        for (const step of steps) {
          for (const each of step) {
            if (each.what === "user") {
              const { username, gone, ...part } = each.user;
              const users = changed<Username, User>(directory.users, u(username), user(username, part), gone);
              directory = { ...directory, users };
            } else {
              const { id, gone, members, permissions: held, name: called } = each.group;
              const group = { ...securityGroup(id, members, held), name: called };
              const securityGroups = changed<SecurityGroupId, SecurityGroup>(
                directory.securityGroups,
                g(id),
                group,
                gone,
              );
              directory = { ...directory, securityGroups };
            }
          }
          seen.push(directory);
          // A transaction may have seen this directory and been rolled back. Then the one before counts again.
          for (const each of [directory, anew(seen.at(-2) ?? directory), anew(directory)]) holds(each);
        }
      }),
    );
  });

  it("reads the members of the changed group only", () => {
    const read: string[] = [];
    const watched = (id: string, members: readonly string[]): SecurityGroup => ({
      ...securityGroup(id, []),
      get members() {
        read.push(id);
        return members.map(u);
      },
    });
    const before = practice(
      NAMES.map((each) => user(each)),
      GROUPS.map((id) => watched(id, ["ann", "ben"])),
    );
    accessIndex(before);
    read.length = 0;
    const securityGroups = changed(before.securityGroups, g("7"), watched("7", ["ann", "cleo"]), false);
    const { groupsOf } = accessIndex({ ...before, securityGroups });
    expect([...(groupsOf.get(u("ben")) ?? [])]).not.to.include("7");
    expect([...(groupsOf.get(u("cleo")) ?? [])]).to.deep.equal(["7"]);
    expect(new Set(read)).to.deep.equal(new Set(["7"]));
  });
});

/** The same records in new maps, for which nothing has been worked out. */
const anew = (directory: Directory): Directory => ({
  ...directory,
  users: new Map(directory.users),
  securityGroups: new Map(directory.securityGroups),
});

function holds(directory: Directory): void {
  const index = accessIndex(directory);
  for (const each of [...NAMES, "ghost"].map(u)) {
    expect({
      groups: index.groupsOf.get(each) ?? new Set(),
      access: index.withAccess.has(each),
      admin: index.admins.has(each),
    }).to.deep.equal(asRuled(directory, each));
  }
}
