import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { SAMPLE_PRACTICE } from "../../../../dev/tour/sample-practice.ts";
import { whatIsAskedFor } from "../../../../src/policy/conversations/asked-room.ts";
import type { Opening } from "../../../../src/policy/conversations/opening.ts";
import type { Directory } from "../../../../src/policy/model.ts";
import { membersOf, resolveSelection } from "../../../../src/policy/people/members.ts";
import {
  CUSTOM_GROUPS,
  conversationFor,
  GROUPS,
  NEVER_RECEIVES,
  PEOPLE,
} from "../../../chaos/writing/practice.ts";
import {
  customGroup,
  customId,
  groupId,
  idOf,
  neverReceives,
  practice,
  securityGroup,
  settings,
} from "../support/practice.ts";

const isCustom = (name: string): boolean => CUSTOM_GROUPS.some((group) => group.name === name);
const people: Directory = practice(
  PEOPLE.map((username) => (username === NEVER_RECEIVES ? neverReceives(username) : username)),
  SAMPLE_PRACTICE.security_groups.map(({ id, members }) => securityGroup(id, members)),
  CUSTOM_GROUPS.map(({ name, by, users, groups }) =>
    customGroup(name, {
      name,
      users,
      securityGroups: groups.filter((group) => !isCustom(group)),
      customGroups: groups.filter(isCustom),
      createdBy: by,
    }),
  ),
);

function membersIn(opening: Exclude<Opening, { open: "refused" }>): readonly string[] {
  switch (opening.open) {
    case "individual":
      return opening.pair;
    case "group":
      return people.securityGroups.get(opening.securityGroup)?.members ?? [];
    case "custom":
      return [...membersOf(people, opening.group)];
    case "new-custom":
      return [...resolveSelection(people, opening.selection)];
  }
}

describe("the conversation that a room is asked for", () => {
  it("matches the model that the writing day of chaos is compared with", () => {
    const openings = new Map<string, string>();
    fc.assert(
      fc.property(
        fc.constantFrom(...PEOPLE),
        fc.subarray(PEOPLE, { maxLength: 4 }),
        fc.subarray(GROUPS, { maxLength: 2 }),
        (by, chosen, groups) => {
          const users = chosen.filter((username) => username !== by);
          fc.pre(users.length + groups.length > 0);
          const made = whatIsAskedFor(people, settings, {
            maker: idOf(by),
            chosen: [
              ...users.map(idOf),
              ...groups.map((name) => (isCustom(name) ? customId(name) : groupId(name))),
            ],
            name: null,
            direct: users.length === 1 && groups.length === 0,
            space: false,
            openToAll: false,
          });
          const asked = conversationFor(by, { users, groups });
          if (made.is !== "opening" || asked === null) {
            expect({ made: made.is, asked }).to.deep.equal({ made: "refused", asked: null });
            return;
          }
          expect([...asked.members].toSorted()).to.deep.equal([...membersIn(made.opening)].toSorted());
          // The same key is the same conversation, and another is another.
          const opening = JSON.stringify(made.opening);
          expect(openings.get(asked.key) ?? opening).to.equal(opening);
          openings.set(asked.key, opening);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(new Set(openings.values()).size).to.equal(openings.size);
  });
});
