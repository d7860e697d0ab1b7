import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import {
  editGroup,
  mayEditGroup,
  mayRename,
  withGroup,
  withoutMember,
} from "../../../../src/policy/conversations/editing.ts";
import { openingFor } from "../../../../src/policy/conversations/opening.ts";
import type { Conversation, Directory, Selection, User, Username } from "../../../../src/policy/model.ts";
import { userIdOf } from "../../../../src/policy/names/names.ts";
import { mayWrite } from "../../../../src/policy/people/individual.ts";
import {
  groupName,
  membersOf,
  resolveSelection,
  withHolders,
} from "../../../../src/policy/people/members.ts";
import { hasAccess } from "../../../../src/policy/people/permissions.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { levelOf, readPowerLevels } from "../../../../src/policy/rooms/level-meaning.ts";
import { anySettings, customGroupId, directory, pair, selection, username } from "../support/arbitraries.ts";
import {
  conversation,
  customGroup,
  idOf,
  inactive,
  neverReceives,
  practice,
  settings,
  u,
  user,
  withoutAccess,
} from "../support/practice.ts";

const ann = user("ann");

const setting = { state: true, undecided: false, removesState: false };
const reaction = { type: "m.reaction", state: false, content: {}, undecided: false, removesState: false };

describe("writing to one person", () => {
  const cases: Array<readonly [string, User, User, boolean, boolean]> = [
    ["both receive", ann, user("ben"), true, true],
    ["one never receives", ann, neverReceives("ben"), false, true],
    ["both never receive", neverReceives("ann"), neverReceives("ben"), false, false],
    ["one is inactive", ann, inactive("ben"), false, false],
    ["one has no access", ann, withoutAccess("ben"), false, false],
  ];
  for (const [what, one, other, there, back] of cases) {
    it(`${what}: ${there ? "may be written to" : "may not be written to"}, ${back ? "may write" : "may not write"}`, () => {
      const people = practice([one, other]);
      expect(mayWrite(people, u("ann"), u("ben")).allowed).to.equal(there);
      expect(mayWrite(people, u("ben"), u("ann")).allowed).to.equal(back);
    });
  }

  it("says why not, by name, and what to do instead", () => {
    const people = practice([ann, neverReceives("ben"), inactive("cara"), withoutAccess("dan")]);
    const reason = (to: string) => {
      const verdict = mayWrite(people, u("ann"), u(to));
      return verdict.allowed ? "allowed" : verdict.reason;
    };
    expect(reason("ben")).to.match(/^Ben has chosen not to receive direct messages\. .+\.$/);
    expect(reason("cara")).to.match(/^Cara no longer works here\. .+\.$/);
    expect(reason("dan")).to.match(/^Dan does not use Whisper at the moment\. .+\.$/);
    expect(reason("ann")).to.match(/yourself/);
    expect(reason("nobody")).to.match(/no longer works here/);
  });
});

/** By power levels alone, without Whisper: can this person send an event that is not state, of any type? */
function canSend(
  people: Directory,
  about: Conversation,
  set: typeof settings,
  who: User["username"],
): boolean {
  const room = expectedRoom(about, people, set);
  const id = userIdOf(set, who);
  if (room === null || !room.members.has(id)) return false;
  const levels = readPowerLevels(room.state["m.room.power_levels"] ?? {}, null);
  const needed = ["m.room.message", "m.reaction", "m.room.redaction", "m.sticker"].map(
    (type) => levels.events[type] ?? levels.events_default,
  );
  return levelOf(levels, id) >= Math.min(...needed);
}

describe("a pair's room", () => {
  it("is read-only for those who may not write, by its levels and by the callback, including reactions", () => {
    fc.assert(
      fc.property(directory, pair, anySettings, (people, [one, other], set) => {
        const about = conversation.individual(one, other);
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          const may = mayWrite(people, from, to).allowed;
          expect(canSend(people, about, set, from), "by levels").to.equal(may);
          const room = { room: "managed", conversation: about } as const;
          const verdict = mayWriteEvent(people, set, { ...reaction, sender: userIdOf(set, from), room });
          expect(verdict.allowed, "by callback").to.equal(may);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("someone who never receives", () => {
  const receives = (people: Directory, who: User["username"]) =>
    !people.users.get(who)?.preferences.neverReceive;

  it("cannot be reached alone by opening a conversation, whatever is selected and however it is named", () => {
    fc.assert(
      fc.property(directory, pair, fc.option(fc.constant("Lunch")), (people, [asker, other], name) => {
        const opening = openingFor(
          people,
          asker,
          { users: [other], securityGroups: [], customGroups: [] },
          name,
        );
        if (opening.open !== "refused") expect(receives(people, other)).to.equal(true);
      }),
    );
  });

  /** Does anyone among them have access, apart from these two? */
  const hasCompany = (people: Directory, among: ReadonlySet<Username>, one: Username, other: Username) =>
    [...among].some((who) => who !== one && who !== other && hasAccess(people, who));
  const aloneWithSilent = (people: Directory, among: ReadonlySet<Username>, who: Username) =>
    [...among].some(
      (other) => other !== who && !receives(people, other) && !hasCompany(people, among, who, other),
    );

  it("cannot be reached alone in a custom group, whoever else is in it without access", () => {
    fc.assert(
      fc.property(directory, customGroupId, anySettings, (people, group, set) => {
        const about = conversation.custom(group);
        for (const who of membersOf(people, group)) {
          if (!hasAccess(people, who)) continue;
          const alone = aloneWithSilent(people, membersOf(people, group), who);
          expect(canSend(people, about, set, who), "by levels").to.equal(!alone);
          const room = { room: "managed", conversation: about } as const;
          const verdict = mayWriteEvent(people, set, { ...reaction, sender: userIdOf(set, who), room });
          expect(verdict.allowed, "by callback").to.equal(!alone);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is never in a group that someone opens with no one else", () => {
    fc.assert(
      fc.property(
        directory,
        pair,
        selection,
        fc.option(fc.constant("Lunch")),
        (people, [asker], asked, name) => {
          const opening = openingFor(people, asker, asked, name);
          if (opening.open !== "new-custom") return;
          expect(aloneWithSilent(people, resolveSelection(people, opening.selection), asker)).to.equal(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  const act = fc.record({
    what: fc.constantFrom("edit", "edit", "leave", "rename", "rename", "event", "access", "active", "silent"),
    by: username,
    group: customGroupId,
    add: selection,
    remove: selection,
    name: fc.option(fc.constantFrom("Call me", "Please")),
    type: fc.constantFrom(
      "m.room.name",
      "m.room.avatar",
      "m.room.pinned_events",
      "m.room.topic",
      "im.vector.modular.widgets",
    ),
  });
  const changed = (people: Directory, username: Username, change: (user: User) => User): Directory => {
    const known = people.users.get(username);
    return known === undefined
      ? people
      : { ...people, users: new Map(people.users).set(username, change(known)) };
  };

  it("is never reached by one person alone, after any sequence of edits, renames, departures and changed settings", () => {
    let acts = 0;
    fc.assert(
      fc.property(directory, fc.array(act, { maxLength: 12 }), (start, course) => {
        let now: Directory = {
          ...start,
          customGroups: new Map(
            [...start.customGroups].map(([id, group]) => [id, { ...group, customGroups: [] }]),
          ),
        };
        for (const { what, by, group: id, add, remove, name, type } of course) {
          const group = now.customGroups.get(id);
          if (group === undefined) continue;
          const showedText = () => {
            acts += 1;
            for (const holder of withHolders(now, [id]))
              expect(aloneWithSilent(now, membersOf(now, holder), by), what).to.equal(false);
          };
          switch (what) {
            case "edit": {
              if (!mayEditGroup(now, "members", group, by).allowed) break;
              const edited = editGroup(now, group, { add, remove, ...(name === null ? {} : { name }) }, by);
              if (!edited.ok) break;
              const entries = (one: Selection) => [...one.users, ...one.securityGroups, ...one.customGroups];
              const shown =
                (name !== null && name !== group.name) ||
                entries(edited.selection).some((entry) => !(entries(group) as string[]).includes(entry));
              now = withGroup(now, { ...group, ...edited.selection, name: name ?? group.name });
              if (shown) showedText();
              break;
            }
            case "rename": {
              if (name === group.name || !mayRename(now, "members", group, by, name).allowed) break;
              if (name === groupName(now, id)) break;
              now = withGroup(now, { ...group, name });
              showedText();
              break;
            }
            case "event": {
              const room = { room: "managed", conversation: conversation.custom(id) } as const;
              const content = { name: "Hello there" };
              const event = { ...setting, sender: idOf(by), type, content, room };
              if (!mayWriteEvent(now, settings, event).allowed) break;
              acts += 1;
              expect(aloneWithSilent(now, membersOf(now, id), by), type).to.equal(false);
              break;
            }
            case "leave":
              now = withGroup(now, { ...group, ...withoutMember(group, by) });
              break;
            case "access":
              now = changed(now, by, (known) => ({
                ...known,
                permissions: known.permissions.length === 0 ? ["AccessWhisper"] : [],
              }));
              break;
            case "active":
              now = changed(now, by, (known) => ({ ...known, active: !known.active }));
              break;
            case "silent":
              now = changed(now, by, (known) => ({
                ...known,
                preferences: { ...known.preferences, neverReceive: !known.preferences.neverReceive },
              }));
              break;
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(acts, "acts that show text").to.be.greaterThan(500);
  });

  it("reads and writes in larger groups like everyone else", () => {
    const people = practice(
      ["ann", neverReceives("ben"), "cara"],
      [],
      [customGroup("g", { users: ["ann", "ben", "cara"] })],
    );
    for (const who of ["ann", "ben", "cara"])
      expect(canSend(people, conversation.custom("g"), settings, u(who))).to.equal(true);
    expect(expectedRoom(conversation.custom("g"), people, settings)?.members).to.include(idOf("ben"));
  });

  it("is never half of a pair that a selection opens for someone else to write", () => {
    fc.assert(
      fc.property(directory, pair, selection, (people, [asker], asked) => {
        const opening = openingFor(people, asker, asked, null);
        if (opening.open !== "individual") return;
        const other = opening.pair.find((who) => who !== asker);
        if (other !== undefined) expect(mayWrite(people, asker, other).allowed).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});
