import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import {
  type ActualMember,
  type ActualRoom,
  type Conversation,
  type Directory,
  type ExpectedRoom,
  MARKER_TYPE,
  type Step,
  type UserId,
} from "../../../../src/policy/model.ts";
import { isOurs } from "../../../../src/policy/names/names.ts";
import { closingSteps, diffRoom } from "../../../../src/policy/rooms/diff-room.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { findingsOf } from "../../../../src/policy/rooms/findings.ts";
import { levelOf, readPowerLevels } from "../../../../src/policy/rooms/level-meaning.ts";
import { applySteps } from "../support/applySteps.ts";
import { anyConversation, anyRoom, anySettings, directory } from "../support/arbitraries.ts";
import {
  c,
  conversation,
  customGroup,
  customId,
  groupId,
  idOf,
  practice,
  securityGroup,
  settings,
} from "../support/practice.ts";

const staff = practice(
  ["ann", "ben", "cara", "dan"],
  [securityGroup("Doctors", ["ann", "ben"])],
  [customGroup("theatre", { users: ["cara"], securityGroups: ["Doctors"] })],
);

function expectedOf(about: Conversation, people: Directory = staff): ExpectedRoom {
  const expected = expectedRoom(about, people, settings);
  if (expected === null) throw new Error("there ought to be a room");
  return expected;
}

function roomOf(expected: ExpectedRoom): ActualRoom {
  const room = applySteps(null, diffRoom(expected, null), settings.bot);
  if (room === null) throw new Error("there ought to be a room");
  return room;
}

const group = expectedOf(conversation.custom("theatre"));
const good = roomOf(group);
const joined: ActualMember = { membership: "join", forgotten: false };
const withMember = (room: ActualRoom, user: UserId, is: ActualMember): ActualRoom => ({
  ...room,
  members: new Map(room.members).set(user, is),
});
const without = (room: ActualRoom, user: UserId): ActualRoom => ({
  ...room,
  members: new Map([...room.members].filter(([id]) => id !== user)),
});
const withState = (room: ActualRoom, type: string, content: Record<string, unknown>): ActualRoom => ({
  ...room,
  state: { ...room.state, [type]: content },
});
const brief = (steps: readonly Step[]) =>
  steps.map((step) => {
    if (step.step === "state")
      return step.as === undefined ? `state ${step.type}` : `state ${step.type} as ${step.as}`;
    if (step.step === "replace") return `replace ${step.reason}`;
    return "user" in step ? `${step.step} ${step.user}` : step.step;
  });

describe("the steps to the expected room", () => {
  it("create a new room, then fill it", () => {
    const expected = expectedOf(conversation.individual("ann", "ben"));
    expect(brief(diffRoom(expected, null))).to.deep.equal([
      "create",
      `join ${idOf("ann")}`,
      `join ${idOf("ben")}`,
      `direct ${idOf("ann")}`,
      `direct ${idOf("ben")}`,
    ]);
  });

  it("are none when the room is right", () => {
    expect(diffRoom(group, good)).to.deep.equal([]);
    expect(findingsOf(group, good)).to.deep.equal([]);
  });

  const dan = idOf("dan");
  const cara = idOf("cara");
  const stranger = "@eve:elsewhere.example" as UserId;
  const is = (membership: ActualMember["membership"], forgotten = false): ActualMember => ({
    membership,
    forgotten,
  });
  const cases: Array<readonly [string, ActualRoom, string[]]> = [
    ["someone who ought not to be there", withMember(good, dan, joined), [`kick ${dan}`, `forget ${dan}`]],
    ["an invitation left standing", withMember(good, dan, is("invite")), [`kick ${dan}`, `forget ${dan}`]],
    ["somebody knocking", withMember(good, dan, is("knock")), [`kick ${dan}`, `forget ${dan}`]],
    ["one who left and can still read", withMember(good, dan, is("leave")), [`forget ${dan}`]],
    ["one who was banned and can still read", withMember(good, dan, is("ban")), [`forget ${dan}`]],
    ["one who left and forgot", withMember(good, dan, is("leave", true)), []],
    [
      "a handle of a group that is not part of it",
      withMember(good, customId("x"), joined),
      [`kick ${customId("x")}`, `forget ${customId("x")}`],
    ],
    ["a stranger", withMember(good, stranger, joined), [`kick ${stranger}`]],
    ["a stranger who left", withMember(good, stranger, is("leave")), []],
    ["a missing member", without(good, cara), [`join ${cara}`]],
    ["a member who left", withMember(good, cara, is("leave", true)), [`join ${cara}`]],
    ["a member merely invited", withMember(good, cara, is("invite")), [`join ${cara}`]],
    ["a banned member", withMember(good, cara, is("ban", true)), [`unban ${cara}`, `join ${cara}`]],
    ["a missing handle", without(good, groupId("Doctors")), [`join ${groupId("Doctors")}`]],
    ["another name", withState(good, "m.room.name", { name: "X" }), ["state m.room.name"]],
    ["a topic where there is none", withState(good, "m.room.topic", { topic: "X" }), ["state m.room.topic"]],
    ["an emptied topic where there is none", withState(good, "m.room.topic", {}), []],
    [
      "a public join rule",
      withState(good, "m.room.join_rules", { join_rule: "public" }),
      ["state m.room.join_rules"],
    ],
    ["a changed marker", withState(good, MARKER_TYPE, { kind: "custom" }), [`state ${MARKER_TYPE}`]],
    [
      "encryption",
      withState(good, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }),
      ["replace encrypted"],
    ],
    ["a tombstone", withState(good, "m.room.tombstone", { replacement_room: "!x" }), ["replace tombstone"]],
    ["another version", { ...good, version: "12" }, ["replace version"]],
    ["a stranger's room", { ...good, creator: stranger }, ["replace creator"]],
    ["the bot gone", withMember(good, settings.bot, is("leave")), ["replace bot-missing"]],
    [
      "the bot without power",
      withState(good, "m.room.power_levels", { users: { [settings.bot]: 50 } }),
      ["replace bot-powerless"],
    ],
    [
      "a level that the bot cannot reach",
      withState(good, "m.room.power_levels", { users: { [settings.bot]: 100 }, ban: 101 }),
      ["replace bot-powerless"],
    ],
  ];
  for (const [what, actual, steps] of cases) {
    it(`repair: ${what}`, () => {
      expect(brief(diffRoom(group, actual))).to.deep.equal(steps);
      expect(findingsOf(group, actual).length > 0, "found").to.equal(steps.length > 0);
    });
  }

  it("remove people and tighten settings before anyone is let in", () => {
    const drifted = withState(without(withMember(good, dan, joined), cara), "m.room.history_visibility", {
      history_visibility: "world_readable",
    });
    const steps = brief(diffRoom(group, withState(drifted, "m.room.name", { name: "X" })));
    expect(steps).to.deep.equal([
      `kick ${dan}`,
      `forget ${dan}`,
      "state m.room.history_visibility",
      "state m.room.name",
      `join ${cara}`,
    ]);
  });

  it("compare levels by their effect, not by how they are written", () => {
    const levels = good.state["m.room.power_levels"] as {
      users: Record<string, number>;
      events: Record<string, number>;
    };
    const same = {
      ...levels,
      users: { ...levels.users, [idOf("ben")]: 50 },
      events: { ...levels.events, "m.beacon": 100 },
    };
    const more = { ...levels, users: { ...levels.users, [idOf("ben")]: 51 } };
    expect(diffRoom(group, withState(good, "m.room.power_levels", more))).to.have.lengthOf(1);
    // A state event of this type needs 100 anyway, but a message of this type would need 0.
    expect(diffRoom(group, withState(good, "m.room.power_levels", same))).to.have.lengthOf(1);
    expect(
      diffRoom(group, withState(good, "m.room.power_levels", { ...same, events: levels.events })),
      "repeating the default changes nothing",
    ).to.deep.equal([]);
  });

  it("make users at the bot's level lower themselves one by one, then let the bot set the rest", () => {
    const [ann, ben] = [idOf("ann"), idOf("ben")];
    const pair = expectedOf(conversation.individual("ann", "ben"));
    const made = withState({ ...roomOf(pair), creator: ann }, "m.room.power_levels", {
      users: { [ann]: 100, [ben]: 100, [settings.bot]: 100 },
    });
    const steps = diffRoom(pair, made);
    expect(brief(steps)).to.deep.equal([
      `state m.room.power_levels as ${ann}`,
      `state m.room.power_levels as ${ben}`,
      "state m.room.power_levels",
    ]);
    expect(diffRoom(pair, applySteps(made, steps, settings.bot))).to.deep.equal([]);
  });

  it("give up a room if someone outside it has the bot's level", () => {
    const levels = { users: { [dan]: 100, [settings.bot]: 100 } };
    expect(brief(diffRoom(group, withState(good, "m.room.power_levels", levels)))).to.deep.equal([
      "replace bot-powerless",
    ]);
  });

  it("empty a room that should not exist, except for the bot", () => {
    const banned = withMember(withMember(good, dan, is("ban")), stranger, joined);
    const after = applySteps(banned, closingSteps(settings, banned), settings.bot);
    for (const [id, { membership, forgotten }] of after?.members ?? []) {
      expect(membership, id).to.equal(id === settings.bot ? "join" : "leave");
      expect(forgotten, id).to.equal(isOurs(settings, id));
    }
    if (after !== null) expect(closingSteps(settings, after)).to.deep.equal([]);
  });
});

describe("whatever the directory and the room", () => {
  /** Repairs until nothing is left to do, as the reconciler does. A replaced room takes a second round. */
  function repaired(expected: ExpectedRoom, actual: ActualRoom | null): ActualRoom {
    const first = applySteps(actual, diffRoom(expected, actual), settings.bot);
    const room = first ?? applySteps(null, diffRoom(expected, null), settings.bot);
    if (room === null) throw new Error("no room after repair");
    return room;
  }
  const worlds = (check: (expected: ExpectedRoom, actual: ActualRoom | null, people: Directory) => void) =>
    fc.assert(
      fc.property(
        directory,
        anyConversation,
        anySettings,
        fc.option(anyRoom),
        (people, about, set, actual) => {
          const expected = expectedRoom(about, people, set);
          if (expected !== null) check(expected, actual, people);
        },
      ),
      { numRuns: 1500 },
    );

  it("every step is one that a homeserver accepts, and nothing is left to do or report afterwards", () =>
    worlds((expected, actual) => {
      const room = repaired(expected, actual);
      expect(diffRoom(expected, room)).to.deep.equal([]);
      expect(findingsOf(expected, room)).to.deep.equal([]);
    }));

  it("there are findings exactly when there are steps", () =>
    worlds((expected, actual) => {
      if (actual === null) return;
      expect(findingsOf(expected, actual).length > 0).to.equal(diffRoom(expected, actual).length > 0);
    }));

  it("only those who should be are in a repaired room, or can still read it", () =>
    worlds((expected, actual) => {
      for (const [id, { membership, forgotten }] of repaired(expected, actual).members) {
        if (expected.members.has(id)) expect(membership).to.equal("join");
        else {
          expect(membership).to.be.oneOf(["leave", "ban"]);
          if (isOurs(settings, id)) expect(forgotten, `${id} forgot`).to.equal(true);
        }
      }
    }));

  it("only the bot has the bot's level", () =>
    worlds((expected, actual) => {
      const levels = readPowerLevels(repaired(expected, actual).state["m.room.power_levels"], null);
      expect(levelOf(levels, settings.bot)).to.equal(100);
      for (const id of expected.members)
        if (id !== settings.bot) expect(levelOf(levels, id)).to.be.lessThan(100);
    }));
});

describe("a custom group's selection", () => {
  it("may contain a group that no longer exists", () => {
    const people = practice(
      ["ann", "ben"],
      [],
      [customGroup("g", { users: ["ann"], securityGroups: ["Gone"], customGroups: ["x"] })],
    );
    const expected = expectedOf(conversation.custom("g"), people);
    expect([...expected.members]).to.have.members([settings.bot, idOf("ann")]);
    expect(expected.conversation.id).to.equal(c("g"));
  });
});
