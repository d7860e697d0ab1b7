import { expect } from "chai";
import { describe, it } from "mocha";
import type { Conversation, CustomGroupEditors, PowerLevels, UserId } from "../../../../src/policy/model.ts";
import { MARKER_TYPE } from "../../../../src/policy/model.ts";
import { levelDifferences, levelOf, readPowerLevels } from "../../../../src/policy/rooms/level-meaning.ts";
import { powerLevelsOf } from "../../../../src/policy/rooms/power-levels.ts";
import {
  conversation,
  customGroup,
  customId,
  groupId,
  idOf,
  inactive,
  neverReceives,
  practice,
  securityGroup,
  settings,
  user,
} from "../support/practice.ts";

const people = practice(
  [
    "ann",
    "ben",
    user("admin", { permissions: ["AccessWhisper", "WhisperAdmin"] }),
    "outside",
    neverReceives("shy"),
    inactive("gone"),
  ],
  [securityGroup("HMS-Administrator", ["admin"]), securityGroup("Doctors", ["ben"])],
  [
    customGroup("night", {
      users: ["ann", "ben", "admin"],
      securityGroups: ["Doctors"],
      customGroups: ["two"],
    }),
    customGroup("two", { users: ["ann", "shy"] }),
    customGroup("left", { users: ["ann", "ben"], createdBy: "gone" }),
  ],
);
const levelsOf = (about: Conversation, customGroupsEditedBy: CustomGroupEditors = "members"): PowerLevels =>
  powerLevelsOf(about, people, { ...settings, customGroupsEditedBy });

const ALL: Conversation[] = [
  conversation.alerts,
  conversation.admin,
  conversation.arrivals("ann"),
  conversation.control("ann"),
  conversation.individual("ann", "ben"),
  conversation.group("Doctors"),
  conversation.custom("night"),
];

describe("power levels", () => {
  for (const about of ALL) {
    it(`of ${about.kind} let only the bot change what the room is`, () => {
      const levels = levelsOf(about);
      expect(levels.users[settings.bot]).to.equal(100);
      for (const type of [
        "m.room.encryption",
        "m.room.power_levels",
        "m.room.tombstone",
        "m.room.history_visibility",
        "m.room.join_rules",
        "m.room.guest_access",
        "m.room.server_acl",
        "m.room.canonical_alias",
        MARKER_TYPE,
      ]) {
        expect(levels.events[type], type).to.equal(100);
      }
      expect(levels).to.include({ redact: 100, ban: 100, state_default: 100 });
      expect(levels.notifications.room).to.equal(50);
      for (const [id, level] of Object.entries(levels.users))
        if (id !== settings.bot) expect(level).to.be.below(100);
      expect(levels.users_default).to.be.below(100);
    });
  }

  it("let nobody invite or remove outside custom groups", () => {
    for (const about of ALL) {
      if (about.kind !== "custom")
        expect(levelsOf(about), about.kind).to.include({ invite: 100, kick: 100, users_default: 0 });
    }
  });

  it("let only the bot write alerts, and everyone write elsewhere", () => {
    for (const about of ALL)
      expect(levelsOf(about).events_default, about.kind).to.equal(about.kind === "alerts" ? 100 : 0);
  });

  it("require the same level for every type of message", () => {
    for (const about of ALL) {
      for (const [type, level] of Object.entries(levelsOf(about).events)) {
        expect(level, `${about.kind} ${type}`).to.be.at.least(levelsOf(about).events_default);
      }
    }
  });
});

describe("power levels of a custom group", () => {
  const may = (levels: PowerLevels, who: UserId) => ({
    invite: levelOf(levels, who) >= levels.invite,
    rename: levelOf(levels, who) >= (levels.events["m.room.name"] ?? levels.state_default),
    removeBen: levelOf(levels, who) >= levels.kick && levelOf(levels, who) > levelOf(levels, idOf("ben")),
    removeGroup:
      levelOf(levels, who) >= levels.kick && levelOf(levels, who) > levelOf(levels, groupId("Doctors")),
  });
  const yes = { invite: true, rename: true, removeGroup: true };
  const no = { invite: false, rename: false, removeGroup: false, removeBen: false };
  const cases: Array<readonly [CustomGroupEditors, string, ReturnType<typeof may>]> = [
    ["members", "ann", { ...yes, removeBen: true }],
    ["members", "ben", { ...yes, removeBen: false }],
    ["members", "admin", { ...yes, removeBen: false }],
    ["creator", "ann", { ...yes, removeBen: true }],
    ["creator", "admin", no],
    ["admins", "ann", no],
    ["admins", "admin", { ...yes, removeBen: true }],
  ];
  for (const [editedBy, who, can] of cases) {
    it(`edited by ${editedBy}: what ${who} can do in a client`, () => {
      expect(may(levelsOf(conversation.custom("night"), editedBy), idOf(who))).to.deep.equal(can);
    });
  }

  it("keep the handles below those who may remove them, and do not list the members", () => {
    const levels = levelsOf(conversation.custom("night"));
    expect(levels.users).to.deep.equal({
      [settings.bot]: 100,
      [idOf("ann")]: 60,
      [groupId("Doctors")]: 0,
      [customId("two")]: 0,
    });
  });

  it("name only those administrators who are members", () => {
    expect(levelsOf(conversation.custom("left"), "admins").users).to.deep.equal({ [settings.bot]: 100 });
  });

  it("give nothing to a creator who is no longer a member", () => {
    expect(levelsOf(conversation.custom("left")).users).to.deep.equal({ [settings.bot]: 100 });
  });

  it("are a pair's if only two are left and one of them never receives", () => {
    const levels = levelsOf(conversation.custom("two"));
    expect(levels).to.include({ events_default: 50, users_default: 0, invite: 100 });
    expect(levels.users).to.deep.equal({ [settings.bot]: 100, [idOf("shy")]: 50 });
  });
});

describe("the meaning of power levels", () => {
  it("has the spec's defaults for what is left out", () => {
    expect(readPowerLevels({}, idOf("ann"))).to.deep.include({
      ban: 50,
      kick: 50,
      redact: 50,
      invite: 0,
      events_default: 0,
      state_default: 50,
      users_default: 0,
      notifications: { room: 50 },
      users: {},
    });
    expect(readPowerLevels(undefined, idOf("ann"))).to.deep.include({
      state_default: 0,
      users: { [idOf("ann")]: 100 },
    });
  });

  it("accepts only whole numbers as levels", () => {
    const read = readPowerLevels(
      { ban: "1", kick: 1.5, invite: null, users: { "@a:b": "100" }, events: [], notifications: 3 },
      null,
    );
    expect(read).to.deep.equal(readPowerLevels({}, null));
  });

  it("names every level that differs", () => {
    const good = levelsOf(conversation.custom("night"));
    const drifted = {
      ...good,
      invite: 0,
      users: { ...good.users, [idOf("ben")]: 99 },
      events: { ...good.events, "m.room.name": 0 },
    };
    expect(levelDifferences(good, drifted).map(({ what }) => what)).to.deep.equal([
      "invite",
      `users ${idOf("ben")}`,
      "events m.room.name",
    ]);
  });
});
