import * as fc from "fast-check";
import type {
  ActualMember,
  ActualRoom,
  Conversation,
  CustomGroup,
  CustomGroupEditors,
  Directory,
  Membership,
  PracticeSettings,
  RoomId,
  SecurityGroup,
  Selection,
  User,
  UserId,
} from "../../../../src/policy/model.ts";
import { MARKER_TYPE } from "../../../../src/policy/model.ts";
import {
  c,
  conversation,
  customGroup,
  customId,
  g,
  groupId,
  idOf,
  practice,
  settings,
  u,
  user,
} from "./practice.ts";

const USERNAMES = ["ann", "ben", "cara", "dan", "eve", "fay"];
const GROUPS = ["Default", "HMS-Administrator", "Doctors"];
const CUSTOM = ["c1", "c2", "c3", "c4"];

const some = <T>(values: readonly T[]) => fc.subarray([...values]);
const often = fc.integer({ min: 0, max: 3 }).map((number) => number > 0);

const users: fc.Arbitrary<User[]> = fc.tuple(
  ...USERNAMES.map((username) =>
    fc
      .record({
        active: often,
        permissions: some(["AccessWhisper", "WhisperAdmin"]),
        neverReceive: fc.boolean(),
        doctor: fc.boolean(),
      })
      .map(({ active, permissions, neverReceive, doctor }) =>
        user(username, { active, permissions, doctor, preferences: { neverReceive } }),
      ),
  ),
);

const securityGroups: fc.Arbitrary<SecurityGroup[]> = fc
  .tuple(
    ...GROUPS.map((id) =>
      fc
        .record({ here: often, members: some(USERNAMES), access: fc.boolean() })
        .map((group) => ({ id, ...group })),
    ),
  )
  .map((groups) =>
    groups
      .filter(({ here }) => here)
      .map(({ id, members, access }) => ({
        id: g(id),
        name: id,
        members: members.map(u),
        permissions: access ? ["AccessWhisper"] : [],
      })),
  );

export const selection: fc.Arbitrary<Selection> = fc.record({
  users: some(USERNAMES.map(u)),
  securityGroups: some(GROUPS.map(g)),
  customGroups: some(CUSTOM.map(c)),
});

/** Includes circles: old data, or two simultaneous edits, may contain what a single edit would refuse. */
const customGroups: fc.Arbitrary<CustomGroup[]> = fc
  .tuple(
    ...CUSTOM.map((id) =>
      fc
        .record({
          selection,
          here: often,
          name: fc.option(fc.constantFrom("Theatre", "Lunch")),
          by: fc.constantFrom(...USERNAMES),
        })
        .map(({ selection: picked, here, name, by }) => ({
          here,
          group: { ...customGroup(id, { name, createdBy: by }), ...picked },
        })),
    ),
  )
  .map((groups) => groups.filter(({ here }) => here).map(({ group }) => group));

export const directory: fc.Arbitrary<Directory> = fc
  .tuple(users, securityGroups, customGroups)
  .map(([people, security, custom]) => practice(people, security, custom));

export const anySettings: fc.Arbitrary<PracticeSettings> = fc
  .constantFrom<CustomGroupEditors>("members", "creator", "admins")
  .map((customGroupsEditedBy) => ({ ...settings, customGroupsEditedBy }));

export const username = fc.constantFrom(...USERNAMES.map(u));
export const pair = fc
  .subarray(USERNAMES, { minLength: 2, maxLength: 2 })
  .map(([one = "", other = ""]) => [u(one), u(other)] as const);
export const customGroupId = fc.constantFrom(...CUSTOM.map(c));

export const anyConversation: fc.Arbitrary<Conversation> = fc.oneof(
  fc.constant<Conversation>(conversation.alerts),
  fc.constant<Conversation>(conversation.admin),
  username.map((name) => conversation.arrivals(name)),
  username.map((name) => conversation.control(name)),
  pair.map(([one, other]) => conversation.individual(one, other)),
  fc.constantFrom(...GROUPS).map((id) => conversation.group(id)),
  customGroupId.map((id) => conversation.custom(id)),
);

const ACCOUNTS: UserId[] = [
  ...USERNAMES.map(idOf),
  ...GROUPS.map(groupId),
  ...CUSTOM.map(customId),
  "@ht_departed:clinic.example" as UserId,
  "@stranger:elsewhere.example" as UserId,
];

const member: fc.Arbitrary<ActualMember> = fc
  .record({
    membership: fc.constantFrom<Membership>("join", "join", "join", "invite", "leave", "ban", "knock"),
    forgotten: fc.boolean(),
  })
  .map(({ membership, forgotten }) => ({
    membership,
    forgotten: forgotten && (membership === "leave" || membership === "ban"),
  }));

/** Rarely above 100: such a room is given up, and then the rest of it does not matter. */
const level = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(0, 50, 60, 99, 100) },
  { weight: 1, arbitrary: fc.constant(101) },
);

const powerLevels = fc.record(
  {
    users: fc.dictionary(fc.constantFrom(...ACCOUNTS), level, { maxKeys: 3 }),
    users_default: fc.constantFrom(0, 50, 100),
    events_default: level,
    state_default: level,
    invite: level,
    events: fc.dictionary(fc.constantFrom("m.room.name", "m.room.encryption", "m.reaction"), level),
  },
  { requiredKeys: ["users"] },
);

const state = fc.record(
  {
    "m.room.power_levels": powerLevels.map((levels) => ({
      ...levels,
      users: { ...levels.users, [settings.bot]: 100 },
    })),
    "m.room.name": fc.constantFrom({}, { name: "" }, { name: "Theatre" }, { name: "Alerts" }),
    "m.room.topic": fc.constantFrom({}, { topic: "Anything" }),
    "m.room.join_rules": fc.constantFrom({ join_rule: "invite" }, { join_rule: "public" }),
    "m.room.history_visibility": fc.constantFrom(
      { history_visibility: "shared" },
      { history_visibility: "joined" },
    ),
    "m.room.guest_access": fc.constantFrom({ guest_access: "can_join" }, { guest_access: "forbidden" }),
    "m.room.encryption": fc.constantFrom({}, {}, {}, {}, {}, {}, {}, { algorithm: "m.megolm.v1.aes-sha2" }),
    "m.room.tombstone": fc.constantFrom({}, {}, {}, {}, {}, {}, {}, { replacement_room: "!other" }),
    [MARKER_TYPE]: fc.constantFrom({}, { kind: "alerts", id: "alerts", revision: 1 }),
  },
  { requiredKeys: [] },
);

export const anyRoom: fc.Arbitrary<ActualRoom> = fc
  .record({
    version: fc.constantFrom(..."11,11,11,11,11,11,11,11,12".split(",")),
    creator: fc.constantFrom(null, settings.bot, settings.bot, settings.bot, ...ACCOUNTS),
    state,
    members: fc.dictionary(fc.constantFrom(...ACCOUNTS), member, { minKeys: 3 }),
    botGone: fc.integer({ min: 0, max: 15 }).map((number) => number === 0),
    direct: some(ACCOUNTS),
  })
  .map(({ version, creator, state: content, members, botGone, direct }) => ({
    roomId: "!room" as RoomId,
    version,
    creator,
    state: content,
    members: new Map<UserId, ActualMember>([
      ...(Object.entries(members) as [UserId, ActualMember][]),
      [settings.bot, { membership: botGone ? "leave" : "join", forgotten: false }],
    ]),
    direct: new Set(direct),
  }));
