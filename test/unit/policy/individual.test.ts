import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { expectedRoom } from "../../../src/policy/expectedRoom.ts";
import { mayWrite } from "../../../src/policy/individual.ts";
import { levelOf, readPowerLevels } from "../../../src/policy/levelMeaning.ts";
import { membersOf } from "../../../src/policy/members.ts";
import type { Conversation, Directory, User } from "../../../src/policy/model.ts";
import { userIdOf } from "../../../src/policy/names.ts";
import { openingFor } from "../../../src/policy/opening.ts";
import { mayWriteEvent } from "../../../src/policy/writing.ts";
import { anySettings, customGroupId, directory, pair, selection } from "./support/arbitraries.ts";
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
} from "./support/practice.ts";

const ann = user("ann");

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

  it("says why not, by name, and what to do", () => {
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

/** Can this person send anything, of any type that is no state, into the room? By its levels alone, without Whisper. */
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

describe("the room of a pair", () => {
  it("is read-only for those who may not write, as its levels and as the callback have it, reactions included", () => {
    fc.assert(
      fc.property(directory, pair, anySettings, (people, [one, other], set) => {
        const about = conversation.individual(one, other);
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          const may = mayWrite(people, from, to).allowed;
          expect(canSend(people, about, set, from), "by levels").to.equal(may);
          const event = { sender: userIdOf(set, from), type: "m.reaction", state: false, content: {} };
          const verdict = mayWriteEvent(people, set, {
            ...event,
            room: { room: "managed", conversation: about },
          });
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

  it("cannot be opened by one person alone, whatever they choose and however they name it", () => {
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

  it("is not written to alone in a custom group that came down to two", () => {
    fc.assert(
      fc.property(directory, customGroupId, anySettings, (people, group, set) => {
        const [one, other, third] = membersOf(people, group);
        if (one === undefined || other === undefined || third !== undefined) return;
        expect(canSend(people, conversation.custom(group), set, one)).to.equal(receives(people, other));
        expect(canSend(people, conversation.custom(group), set, other)).to.equal(receives(people, one));
      }),
      { numRuns: 1000 },
    );
  });

  it("reads and writes in larger groups like everybody else", () => {
    const people = practice(
      ["ann", neverReceives("ben"), "cara"],
      [],
      [customGroup("g", { users: ["ann", "ben", "cara"] })],
    );
    for (const who of ["ann", "ben", "cara"])
      expect(canSend(people, conversation.custom("g"), settings, u(who))).to.equal(true);
    expect(expectedRoom(conversation.custom("g"), people, settings)?.members).to.include(idOf("ben"));
  });

  it("is never half of a pair that a choice opens for somebody else to write", () => {
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
