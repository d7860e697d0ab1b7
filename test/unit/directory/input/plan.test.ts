import { expect } from "chai";
import fc from "fast-check";
import { planDirectory, type StoredDirectory, touchedBy } from "../../../../src/directory/input/plan.ts";
import { readDirectory } from "../../../../src/directory/input/read.ts";
import { directorySchema, type SentDirectory } from "../../../../src/directory/input/schema.ts";
import type { PracticeSettings, UserId } from "../../../../src/policy/model.ts";

const sent = (value: unknown): SentDirectory => directorySchema.parse(value);
const NOTHING: StoredDirectory = { users: new Map(), groups: new Map() };
const SETTINGS: PracticeSettings = {
  serverName: "practice.example",
  userPrefix: "ht_",
  bot: "@whisper:practice.example" as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};
const wantedDirectory = (directory: SentDirectory) => readDirectory(SETTINGS, directory, NOTHING).wanted;
const ANNA = { username: "anna", name: "Anna" };
const BEN = { username: "ben", name: "Ben" };

/** What the database holds after the plan has been written. */
function applied(stored: StoredDirectory, wanted: StoredDirectory): StoredDirectory {
  const plan = planDirectory(stored, wanted);
  const users = new Map(stored.users);
  for (const user of [...plan.users.created, ...plan.users.updated, ...plan.users.deactivated]) {
    users.set(user.username, user);
  }
  const groups = new Map(stored.groups);
  for (const id of plan.groups.deleted) groups.delete(id);
  for (const group of plan.groups.written)
    groups.set(group.id, { ...group, members: groups.get(group.id)?.members ?? [] });
  for (const { group_id, username } of plan.left) {
    const group = groups.get(group_id);
    if (group)
      groups.set(group_id, { ...group, members: group.members.filter((member) => member !== username) });
  }
  for (const { group_id, username } of plan.joined) {
    const group = groups.get(group_id);
    if (group) groups.set(group_id, { ...group, members: [...group.members, username] });
  }
  return { users, groups };
}

const counted = (stored: StoredDirectory, value: unknown) => {
  const { users, groups } = planDirectory(stored, wantedDirectory(sent(value)));
  return {
    created: users.created.length,
    updated: users.updated.length,
    unchanged: users.unchanged,
    deactivated: users.deactivated.length,
    groups: groups.counts,
  };
};

describe("the plan of an import", () => {
  const both = sent({ users: [ANNA, BEN], security_groups: [{ id: "N", name: "Nurses", members: ["ben"] }] });
  const stored = applied(NOTHING, wantedDirectory(both));

  it("creates everyone the first time and no one the second", () => {
    expect(planDirectory(NOTHING, wantedDirectory(both)).users.created).to.have.length(2);
    const second = planDirectory(stored, wantedDirectory(both));
    expect(second.users.unchanged).to.equal(2);
    expect(touchedBy(second)).to.deep.equal({ usernames: [], groups: [] });
  });

  it("does not depend on the order of lists", () => {
    const before = applied(
      NOTHING,
      wantedDirectory(
        sent({ users: [{ ...ANNA, locations: ["a", "b"], permissions: ["x", "y"] }], security_groups: [] }),
      ),
    );
    const after = {
      users: [{ ...ANNA, locations: ["b", "a", "b"], permissions: ["y", "x"] }],
      security_groups: [],
    };
    expect(counted(before, after)).to.include({ updated: 0, unchanged: 1 });
  });

  it("deactivates people who are not sent or sent as inactive, and keeps their details", () => {
    const plan = planDirectory(
      stored,
      wantedDirectory(sent({ users: [{ ...ANNA, active: false }], security_groups: [] })),
    );
    expect(plan.users.deactivated.map((user) => [user.username, user.active, user.name])).to.deep.equal([
      ["anna", false, "Anna"],
      ["ben", false, "Ben"],
    ]);
  });

  it("counts a returning person as updated", () => {
    const without = applied(stored, wantedDirectory(sent({ users: [ANNA], security_groups: [] })));
    expect(counted(without, both)).to.include({ created: 0, updated: 1, unchanged: 1, deactivated: 0 });
  });

  it("deletes groups that are not sent, and lists their members", () => {
    const plan = planDirectory(stored, wantedDirectory(sent({ users: [ANNA, BEN], security_groups: [] })));
    expect(plan.groups.counts).to.deep.equal({ created: 0, updated: 0, unchanged: 0, deleted: 1 });
    expect(touchedBy(plan)).to.deep.equal({ usernames: ["ben"], groups: ["N"] });
  });

  describe("the group Default", () => {
    const defaultOf = (value: unknown) => [...wantedDirectory(sent(value)).groups.values()];

    it("contains AccessWhisper and everyone if it is not sent", () => {
      expect(defaultOf({ users: [ANNA, BEN], security_groups: [] })).to.deep.equal([
        {
          id: "Default",
          name: "Default",
          permissions: ["AccessWhisper"],
          members: ["anna", "ben"],
          everyone: true,
        },
      ]);
    });

    it("has the members that are sent, and AccessWhisper unless permissions are sent", () => {
      const group = { id: "Default", name: "Default", members: ["anna"] };
      const users = [ANNA, BEN];
      expect(defaultOf({ users, security_groups: [group] })).to.deep.equal([
        { ...group, permissions: ["AccessWhisper"], everyone: false },
      ]);
      expect(defaultOf({ users, security_groups: [{ ...group, permissions: [] }] })).to.deep.equal([
        { ...group, permissions: [], everyone: false },
      ]);
    });

    it("may be sent under a number", () => {
      const [only, ...others] = defaultOf({ users: [ANNA], security_groups: [{ id: "7", name: "Default" }] });
      expect(only).to.include({ id: "7", everyone: false });
      expect(others).to.deep.equal([]);
    });

    it("is counted only if it is sent", () => {
      const none = { created: 0, updated: 0, unchanged: 0, deleted: 0 };
      const implicit = applied(NOTHING, wantedDirectory(sent({ users: [ANNA], security_groups: [] })));
      expect(counted(NOTHING, { users: [ANNA], security_groups: [] }).groups).to.deep.equal(none);
      const explicit = { users: [ANNA], security_groups: [{ id: "Default", name: "Default" }] };
      expect(counted(implicit, explicit).groups).to.deep.equal({ ...none, created: 1 });
      const after = applied(implicit, wantedDirectory(sent(explicit)));
      expect(counted(after, { users: [ANNA], security_groups: [] }).groups).to.deep.equal({
        ...none,
        deleted: 1,
      });
    });
  });

  it("turns any directory into the one that was sent, and sending it again changes nothing", () => {
    const username = fc.constantFrom("a", "b", "c", "d", "e");
    const user = fc.record({
      username,
      name: fc.constantFrom("X", "Y"),
      active: fc.boolean(),
      locations: fc.subarray(["l", "m"]),
    });
    const directory = fc
      .record({
        users: fc.uniqueArray(user, { selector: (each) => each.username }),
        groups: fc.uniqueArray(
          fc.record({
            id: fc.constantFrom("N", "Default", "7"),
            name: fc.constantFrom("N", "Default"),
            in: fc.array(username),
          }),
          { selector: (each) => each.id },
        ),
      })
      .map(({ users, groups }) =>
        sent({
          users,
          security_groups: groups.map(({ in: members, ...group }) => ({
            ...group,
            members: members.filter((member) => users.some((each) => each.username === member)),
          })),
        }),
      );
    fc.assert(
      fc.property(directory, directory, (first, second) => {
        const wanted = wantedDirectory(second);
        const before = applied(NOTHING, wantedDirectory(first));
        const after = applied(before, wanted);
        for (const [username, each] of wanted.users)
          expect(after.users.get(username)).to.include({ active: each.active, name: each.name });
        for (const each of after.users.values())
          if (each.active) expect(wanted.users.has(each.username)).to.equal(true);
        expect([...after.groups.keys()].sort()).to.deep.equal([...wanted.groups.keys()].sort());
        for (const [id, group] of wanted.groups) {
          expect([...(after.groups.get(id)?.members ?? [])].sort()).to.deep.equal([...group.members].sort());
        }
        const plan = planDirectory(before, wanted);
        const { created, updated, deactivated, unchanged } = plan.users;
        const absent = deactivated.filter((each) => !wanted.users.has(each.username));
        expect(created.length + updated.length + deactivated.length - absent.length + unchanged).to.equal(
          wanted.users.size,
        );
        const { counts } = plan.groups;
        expect(counts.created + counts.updated + counts.unchanged).to.equal(second.security_groups.length);
        expect(touchedBy(planDirectory(after, wanted))).to.deep.equal({ usernames: [], groups: [] });
      }),
    );
  });
});
