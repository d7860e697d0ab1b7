import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { type Opening, openingFor } from "../../../../src/policy/conversations/opening.ts";
import type { Selection } from "../../../../src/policy/model.ts";
import { resolveSelection } from "../../../../src/policy/people/members.ts";
import { MOST_ENTRIES, sameSelection, selectionKey } from "../../../../src/policy/people/selection.ts";
import { directory, selection, username } from "../support/arbitraries.ts";
import {
  c,
  customGroup,
  g,
  inactive,
  neverReceives,
  practice,
  securityGroup,
  u,
  withoutAccess,
} from "../support/practice.ts";

const people = practice(
  ["ann", "ben", "cara", "dan", neverReceives("shy"), inactive("gone"), withoutAccess("locked")],
  [securityGroup("Doctors", ["ann", "ben"]), securityGroup("Nurses", ["cara"])],
  [
    customGroup("trio", { name: null, users: ["ann", "ben", "cara"] }),
    customGroup("lunch", { name: "Lunch", users: ["ann", "ben", "cara"] }),
    customGroup("heads", { name: "Heads", securityGroups: ["Doctors", "Nurses"], createdBy: "ann" }),
    customGroup("renamed", { name: "Renamed", users: ["ann", "ben", "dan"] }),
  ],
);
const choose = (users: string[], groups: string[] = [], custom: string[] = []): Selection => ({
  users: users.map(u),
  securityGroups: groups.map(g),
  customGroups: custom.map(c),
});
const newGroup = (
  users: string[],
  groups: string[] = [],
  custom: string[] = [],
  name: string | null = null,
): Opening => ({
  open: "new-custom",
  selection: choose(users, groups, custom),
  name,
});

describe("what a selection opens", () => {
  const cases: Array<readonly [string, string, Selection, string | null, Opening]> = [
    ["one person", "ben", choose(["ann"]), null, { open: "individual", pair: [u("ann"), u("ben")] }],
    [
      "oneself and one person",
      "ben",
      choose(["ann", "ben"]),
      null,
      { open: "individual", pair: [u("ann"), u("ben")] },
    ],
    ["one person, with a name", "ann", choose(["ben"]), "Us", newGroup(["ann", "ben"], [], [], "Us")],
    ["one's own group", "ann", choose([], ["Doctors"]), null, { open: "group", securityGroup: g("Doctors") }],
    ["a group of others", "dan", choose([], ["Doctors"]), null, newGroup(["dan"], ["Doctors"])],
    [
      "one's own group with a name",
      "ann",
      choose([], ["Doctors"]),
      "List",
      newGroup([], ["Doctors"], [], "List"),
    ],
    ["one's own custom group", "ann", choose([], [], ["trio"]), null, { open: "custom", group: c("trio") }],
    ["a custom group of others", "dan", choose([], [], ["trio"]), null, newGroup(["dan"], [], ["trio"])],
    ["several people", "ann", choose(["cara", "dan"]), null, newGroup(["ann", "cara", "dan"])],
    ["the same people again", "cara", choose(["ben", "ann"]), null, { open: "custom", group: c("trio") }],
    [
      "the same people by the group's name",
      "cara",
      choose(["ben", "ann"]),
      "Lunch",
      { open: "custom", group: c("lunch") },
    ],
    [
      "the same people by a new name",
      "ann",
      choose(["ben", "cara"]),
      "Tea",
      newGroup(["ann", "ben", "cara"], [], [], "Tea"),
    ],
    ["a group renamed since", "dan", choose(["ann", "ben"]), null, { open: "custom", group: c("renamed") }],
    [
      "the same groups by another of their people",
      "ben",
      choose([], ["Nurses", "Doctors"]),
      "Heads",
      { open: "custom", group: c("heads") },
    ],
    [
      "the same groups and an outsider",
      "dan",
      choose([], ["Nurses", "Doctors"]),
      null,
      newGroup(["dan"], ["Doctors", "Nurses"]),
    ],
    [
      "several with one who never receives",
      "ann",
      choose(["shy", "dan"]),
      null,
      newGroup(["ann", "dan", "shy"]),
    ],
    [
      "by one who never receives",
      "shy",
      choose(["ann"]),
      null,
      { open: "individual", pair: [u("ann"), u("shy")] },
    ],
  ];
  for (const [what, asker, chosen, name, opening] of cases) {
    it(what, () => expect(openingFor(people, u(asker), chosen, name)).to.deep.equal(opening));
  }

  const refusals: Array<readonly [string, string, Selection, string | null, RegExp]> = [
    ["nothing", "ann", choose([]), null, /Choose at least one/],
    ["oneself", "ann", choose(["ann"]), null, /yourself/],
    ["one who never receives", "ann", choose(["shy"]), null, /direct messages/],
    ["one who never receives, by a name", "ann", choose(["shy"]), "Us", /direct messages/],
    ["one who is gone", "ann", choose(["gone"]), null, /no longer works here/],
    ["several with one who is gone", "ann", choose(["gone", "ben"]), null, /Gone no longer works here/],
    [
      "several with one without access",
      "ann",
      choose(["locked", "ben"]),
      null,
      /Locked does not use Whisper/,
    ],
    ["someone unknown", "ann", choose(["who", "ben"]), null, /not in the staff list/],
    ["an unknown group", "ann", choose([], ["Who"]), null, /no longer exists/],
    ["anything, without access", "locked", choose(["ann"]), null, /do not have access/],
  ];
  for (const [what, asker, chosen, name, reason] of refusals) {
    it(`refused: ${what}`, () => {
      const opening = openingFor(people, u(asker), chosen, name);
      expect(opening.open).to.equal("refused");
      if (opening.open === "refused") expect(opening.reason).to.match(reason);
    });
  }
});

describe("a very large selection", () => {
  const many = Array.from({ length: MOST_ENTRIES }, (_, number) => `user${number}`);
  const large = practice(["ann", ...many]);

  it("is refused if adding the asker makes it too large for one event", () => {
    expect(openingFor(large, u("ann"), choose(many), null)).to.deep.equal({
      open: "refused",
      reason: "Choose at most 300 people and groups. For more people, add a security group.",
    });
    expect(openingFor(large, u("user0"), choose(many), null).open).to.equal("new-custom");
  });
});

describe("the same selection", () => {
  it("has the same key in any order, and a different selection has a different one", () => {
    fc.assert(
      fc.property(selection, selection, (one, other) => {
        const turned = { ...one, users: [...one.users.toReversed(), ...one.users] };
        expect(selectionKey(turned)).to.equal(selectionKey(one));
        const as = (picked: Selection) =>
          [picked.users, picked.securityGroups, picked.customGroups]
            .map((part) => part.toSorted().join())
            .join(";");
        expect(sameSelection(one, other)).to.equal(as(one) === as(other));
      }),
    );
  });

  it("opens the same conversation the second time, and the asker is in it", () => {
    fc.assert(
      fc.property(
        directory,
        username,
        selection,
        fc.option(fc.constantFrom("Lunch", "Tea")),
        (staff, asker, chosen, name) => {
          const first = openingFor(staff, asker, chosen, name);
          if (first.open !== "new-custom") return;
          expect([...resolveSelection(staff, first.selection)]).to.include(asker);
          const made = { ...customGroup("made", { name, createdBy: asker }), ...first.selection };
          const after = { ...staff, customGroups: new Map(staff.customGroups).set(made.id, made) };
          expect(openingFor(after, asker, chosen, name)).to.deep.equal({ open: "custom", group: "made" });
        },
      ),
      { numRuns: 500 },
    );
  });
});
