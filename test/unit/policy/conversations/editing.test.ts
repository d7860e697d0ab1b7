import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import {
  type Edit,
  editGroup,
  mayEditGroup,
  withGroup,
  withoutMember,
} from "../../../../src/policy/conversations/editing.ts";
import type { CustomGroup, CustomGroupEditors, Directory } from "../../../../src/policy/model.ts";
import { userIdOf } from "../../../../src/policy/names/names.ts";
import { membersOf, resolveSelection, wouldCycle } from "../../../../src/policy/people/members.ts";
import { MOST_ENTRIES, selectionSize } from "../../../../src/policy/people/selection.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { customGroupId, directory, selection, username } from "../support/arbitraries.ts";
import {
  c,
  conversation,
  customGroup,
  g,
  inactive,
  practice,
  securityGroup,
  settings,
  u,
  user,
  withoutAccess,
} from "../support/practice.ts";

const admin = user("admin", { permissions: ["AccessWhisper", "WhisperAdmin"] });
const people = practice(
  ["ann", "ben", "cara", admin, inactive("gone"), withoutAccess("locked")],
  [securityGroup("HMS-Administrator", ["admin"]), securityGroup("Doctors", ["ann", "ben"])],
  [
    customGroup("night", { name: "Night shift", users: ["ann", "cara"], securityGroups: ["Doctors"] }),
    customGroup("outer", { name: "Outer", users: ["ann"], customGroups: ["night"] }),
    customGroup("orphan", { users: ["ben"], createdBy: "gone" }),
  ],
);
function groupOf(id: string): CustomGroup {
  const group = people.customGroups.get(c(id));
  if (group === undefined) throw new Error(`no group ${id}`);
  return group;
}

describe("who may change a custom group", () => {
  const cases: Array<readonly [CustomGroupEditors, string, string, boolean]> = [
    ["members", "night", "ann", true],
    ["members", "night", "ben", true], // through Doctors
    ["members", "night", "admin", false],
    ["members", "night", "locked", false],
    ["creator", "night", "ann", true],
    ["creator", "night", "cara", false],
    ["creator", "night", "admin", false],
    ["creator", "orphan", "ben", false],
    ["creator", "orphan", "admin", true],
    ["admins", "night", "admin", true],
    ["admins", "night", "ann", false],
  ];
  for (const [editedBy, group, who, may] of cases) {
    it(`edited by ${editedBy}: ${who} ${may ? "may" : "may not"} change ${group}`, () => {
      expect(mayEditGroup(people, editedBy, groupOf(group), u(who)).allowed).to.equal(may);
    });
  }
});

describe("changing a custom group", () => {
  const done = (group: string, edit: Edit) => {
    const edited = editGroup(people, groupOf(group), edit, u("ann"));
    if (!edited.ok) throw new Error(edited.reason);
    return edited;
  };
  const refusal = (group: string, edit: Edit) => {
    const edited = editGroup(people, groupOf(group), edit, u("ann"));
    return edited.ok ? "done" : edited.reason;
  };

  it("adds and removes people and groups, each once", () => {
    const add = { users: [u("ben"), u("ben"), u("ann")], customGroups: [c("orphan")] };
    expect(done("night", { add, remove: { securityGroups: [g("Doctors")] } }).selection).to.deep.equal({
      users: ["ann", "ben", "cara"],
      securityGroups: [],
      customGroups: ["orphan"],
    });
  });

  it("keeps someone who is still a member through a group, and says why", () => {
    const { selection: after, staying } = done("night", { remove: { users: [u("ann"), u("cara")] } });
    expect(after.users).to.deep.equal([]);
    expect(staying.map(({ username: who, reason }) => [who, reason])).to.deep.equal([
      ["ann", "Ann is still a member through Doctors (group). To remove them, remove that group."],
    ]);
    const outer = done("outer", { add: { users: [u("cara")] }, remove: { users: [u("ann")] } });
    expect(outer.staying[0]?.reason).to.equal(
      "Ann is still a member through Night shift (custom group) and through Doctors (group) in Night shift (custom group)." +
        " To remove them, remove that group.",
    );
  });

  it("says nothing about someone who is removed and added in one edit", () => {
    const ann = { users: [u("ann")] };
    expect(done("night", { add: ann, remove: ann })).to.deep.include({ staying: [] });
    expect(done("night", { add: ann, remove: ann }).selection.users).to.include("ann");
  });

  it("removes someone whose group is removed in the same edit", () => {
    const { staying } = done("night", { remove: { users: [u("ann")], securityGroups: [g("Doctors")] } });
    expect(staying).to.deep.equal([]);
  });

  it("refuses an impossible edit, and changes nothing", () => {
    expect(refusal("night", { add: { customGroups: [c("outer")] } })).to.match(
      /^Outer \(custom group\) already contains/,
    );
    expect(refusal("night", { add: { customGroups: [c("night")] } })).to.match(/already contains/);
    expect(refusal("night", { add: { users: [u("gone")] } })).to.match(/no longer works here/);
    expect(refusal("night", { add: { users: [u("locked")] } })).to.match(/does not use Whisper/);
    expect(refusal("night", { add: { users: [u("nobody")] } })).to.match(/not in the staff list/);
    expect(refusal("night", { add: { securityGroups: [g("No")] } })).to.match(/no longer exists/);
    expect(refusal("orphan", { remove: { users: [u("ben")] } })).to.match(/at least one person/);
  });

  it("keeps the selection small enough for one event", () => {
    const many = Array.from({ length: MOST_ENTRIES }, (_, number) => `user${number}`);
    const large = practice(["ann", ...many], [], [customGroup("large", { users: many })]);
    const group = large.customGroups.get(c("large"));
    if (group === undefined) throw new Error("no group");
    expect(editGroup(large, group, { add: { users: [u("ann")] } }, u("user1")).ok).to.equal(false);
    expect(
      editGroup(large, group, { add: { users: [u("ann")] }, remove: { users: [u("user0")] } }, u("user1")).ok,
    ).to.equal(true);
  });

  it("lets the last person leave, unless a group keeps them", () => {
    expect(withoutMember(groupOf("orphan"), u("ben")).users).to.deep.equal([]);
    expect([...resolveSelection(people, withoutMember(groupOf("night"), u("ann")))]).to.have.members([
      "ann",
      "ben",
      "cara",
    ]);
  });
});

describe("after any sequence of edits", () => {
  const edit = fc.record({
    by: username,
    group: customGroupId,
    add: fc.option(selection),
    remove: fc.option(selection),
    leaves: fc.option(username),
  });
  const edits = fc.array(edit, { maxLength: 8 });
  const withoutCircles = (people_: Directory): Directory => ({
    ...people_,
    customGroups: new Map(
      [...people_.customGroups].map(([id, group]) => [id, { ...group, customGroups: [] }]),
    ),
  });

  it("there is no circle, no one stays without an explanation, and the size limit holds", () => {
    fc.assert(
      fc.property(directory, edits, (start, changes) => {
        let now = withoutCircles(start);
        for (const { by, group: id, add, remove, leaves } of changes) {
          const group = now.customGroups.get(id);
          if (group === undefined) continue;
          const edited = editGroup(now, group, { ...(add && { add }), ...(remove && { remove }) }, by);
          if (edited.ok) {
            now = withGroup(now, { ...group, ...edited.selection });
            const room = expectedRoom(conversation.custom(id), now, settings);
            for (const who of remove?.users ?? []) {
              const kept = add?.users.includes(who) || edited.staying.some((stays) => stays.username === who);
              if (!kept)
                expect(room?.members.has(userIdOf(settings, who)) ?? false, `${who} is out`).to.equal(false);
            }
            expect(selectionSize(edited.selection)).to.be.at.most(MOST_ENTRIES);
            expect(membersOf(now, id).size).to.be.greaterThan(0);
          }
          if (leaves)
            now = withGroup(now, { ...group, ...withoutMember(now.customGroups.get(id) ?? group, leaves) });
          for (const [each, { customGroups }] of now.customGroups) {
            for (const nested of customGroups)
              expect(wouldCycle(now, each, nested), `${nested} in ${each}`).to.equal(false);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
