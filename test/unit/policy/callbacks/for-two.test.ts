import { expect } from "chai";
import { describe, it } from "mocha";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import { editGroup, mayRename } from "../../../../src/policy/conversations/editing.ts";
import { openingFor } from "../../../../src/policy/conversations/opening.ts";
import type { CustomGroup, SecurityGroup, User } from "../../../../src/policy/model.ts";
import {
  c,
  conversation,
  customGroup,
  g,
  idOf,
  inactive,
  neverReceives,
  practice,
  securityGroup,
  settings,
  u,
  withoutAccess,
} from "../support/practice.ts";

/** Shy never receives. Ann writes. The rest of the group decides whether she reaches Shy alone. */
interface Group {
  readonly what: string;
  readonly alone: boolean;
  readonly users: readonly string[];
  readonly groups?: readonly string[];
  readonly nested?: readonly string[];
}

const GROUPS: readonly Group[] = [
  { what: "the two", alone: true, users: ["ann", "shy"] },
  { what: "the two and an empty security group", alone: true, users: ["ann", "shy"], groups: ["Empty"] },
  { what: "the two and a group that is gone", alone: true, users: ["ann", "shy"], groups: ["Gone"] },
  { what: "the two and somebody without access", alone: true, users: ["ann", "shy", "locked"] },
  { what: "the two and somebody inactive", alone: true, users: ["ann", "shy", "left"] },
  {
    what: "the two and a group of those without access",
    alone: true,
    users: ["ann", "shy"],
    groups: ["Locked"],
  },
  { what: "the two and a group of themselves", alone: true, users: ["ann", "shy"], nested: ["selves"] },
  { what: "a group that holds the other alone", alone: true, users: ["ann"], groups: ["Shy"] },
  { what: "one who never receives and is without access", alone: true, users: ["ann", "shylocked"] },
  { what: "the two and one more", alone: false, users: ["ann", "shy", "ben"] },
  { what: "the two and one more through a group", alone: false, users: ["ann", "shy"], groups: ["Ben"] },
  { what: "the two and one more who never receives", alone: false, users: ["ann", "shy", "mute"] },
  { what: "two who receive", alone: false, users: ["ann", "ben"] },
  {
    what: "two who receive, and one without access who does not",
    alone: false,
    users: ["ann", "ben", "shylocked"],
  },
];

const staff: Array<string | User> = [
  "ann",
  "ben",
  neverReceives("shy"),
  neverReceives("mute"),
  withoutAccess("locked"),
  inactive("left"),
  { ...neverReceives("shylocked"), permissions: [] },
];
const security: SecurityGroup[] = [
  securityGroup("Empty", []),
  securityGroup("Locked", ["locked", "left"]),
  securityGroup("Shy", ["shy"]),
  securityGroup("Ben", ["ben"]),
];
const selves = customGroup("selves", { users: ["ann", "shy"] });
const lone = customGroup("lone", { users: ["ann"], name: "Ring me at five" });

const groupOf = ({ users, groups = [], nested = [] }: Group): CustomGroup =>
  customGroup("it", { users, securityGroups: groups, customGroups: nested, name: "Lunch" });

for (const each of GROUPS)
  describe(`a group of ${each.what}`, () => {
    const group = groupOf(each);
    const people = practice(staff, security, [group, selves, lone]);
    const room = { room: "managed", conversation: conversation.custom("it") } as const;
    const acts: Array<readonly [string, boolean, string, Record<string, unknown>]> = [
      ["a message", false, "m.room.message", { body: "x" }],
      ["a reaction", false, "m.reaction", {}],
      ["a redaction with its reason", false, "m.room.redaction", { reason: "x" }],
      ["a new name", true, "m.room.name", { name: "Ring me" }],
      ["a picture", true, "m.room.avatar", { url: "mxc://x/y" }],
      ["a pinned message", true, "m.room.pinned_events", { pinned: ["$x"] }],
    ];
    for (const [what, state, type, content] of acts)
      it(`${each.alone ? "refuses" : "takes"} ${what}`, () => {
        const event = {
          sender: idOf("ann"),
          type,
          state,
          content,
          room,
          undecided: false,
          removesState: false,
        };
        const verdict = mayWriteEvent(people, settings, event);
        expect(verdict.allowed).to.equal(!each.alone);
        if (!verdict.allowed) expect(verdict.reason).to.match(/has chosen not to receive/);
      });

    it("never accepts a topic or a widget", () => {
      for (const type of ["m.room.topic", "im.vector.modular.widgets"]) {
        const event = {
          sender: idOf("ann"),
          type,
          state: true,
          content: {},
          room,
          undecided: false,
          removesState: false,
        };
        expect(mayWriteEvent(people, settings, event).allowed).to.equal(false);
      }
    });

    it(`${each.alone ? "keeps" : "changes"} its name through commands and the API`, () => {
      expect(mayRename(people, "members", group, u("ann"), "Ring me").allowed).to.equal(!each.alone);
      expect(mayRename(people, "members", group, u("ann"), null).allowed).to.equal(!each.alone);
      expect(editGroup(people, group, { name: "Ring me" }, u("ann")).ok).to.equal(!each.alone);
    });

    it(`${each.alone ? "takes no group" : "takes a group"} whose name would be the message`, () => {
      expect(editGroup(people, group, { add: { customGroups: [c("lone")] } }, u("ann")).ok).to.equal(
        !each.alone,
      );
    });

    it("accepts another person, and then its name addresses all of them", () => {
      const edit = { name: "Ring me", add: { users: [u("ben"), u("mute")] } };
      expect(editGroup(people, group, edit, u("ann")).ok).to.equal(true);
    });

    it("lets others leave and groups be removed, whoever is in it", () => {
      expect(
        editGroup(people, group, { remove: { securityGroups: [g("Empty"), g("Ben")] } }, u("ann")).ok,
      ).to.equal(true);
    });

    it("cannot be addressed through the name of a group within it", () => {
      const inner = customGroup("inner", { users: ["ann"], name: "Inner" });
      const held = practice(staff, security, [
        { ...group, customGroups: [...group.customGroups, inner.id] },
        selves,
        inner,
      ]);
      expect(mayRename(held, "members", inner, u("ann"), "Ring me").allowed).to.equal(!each.alone);
    });

    if (
      each.users.every((name) => !["locked", "left", "shylocked"].includes(name)) &&
      !each.groups?.includes("Gone")
    )
      it(`is ${each.alone ? "not opened" : "opened"} again`, () => {
        const chosen = {
          users: group.users.filter((name) => name !== "ann"),
          securityGroups: group.securityGroups,
          customGroups: group.customGroups,
        };
        const opening = openingFor(practice(staff, security, [selves]), u("ann"), chosen, "Ring me");
        expect(opening.open).to.equal(each.alone ? "refused" : "new-custom");
      });
  });
