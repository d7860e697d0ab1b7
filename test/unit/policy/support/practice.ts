import {
  type Conversation,
  type ConversationId,
  type CustomGroup,
  DEFAULT_PREFERENCES,
  type Directory,
  type PracticeSettings,
  type Preferences,
  type SecurityGroup,
  type SecurityGroupId,
  type User,
  type UserId,
  type Username,
} from "../../../../src/policy/model.ts";
import { groupHandleOf, userIdOf } from "../../../../src/policy/names/names.ts";

export const settings: PracticeSettings = {
  serverName: "clinic.example",
  userPrefix: "ht_",
  bot: "@whisper:clinic.example" as UserId,
  practiceName: "Harbour Clinic",
  customGroupsEditedBy: "members",
};

export const u = (name: string) => name as Username;
export const g = (id: string) => id as SecurityGroupId;
export const c = (id: string) => id as ConversationId;

export const idOf = (name: string): UserId => userIdOf(settings, u(name));
export const groupId = (id: string): UserId => groupHandleOf(settings, { securityGroup: g(id) });
export const customId = (id: string): UserId => groupHandleOf(settings, { customGroup: c(id) });

export type UserPart = Partial<Omit<User, "username" | "preferences">> & {
  readonly preferences?: Partial<Preferences>;
};

/** By default an active user who holds AccessWhisper directly. */
export function user(username: string, part: UserPart = {}): User {
  return {
    username: u(username),
    name: username.charAt(0).toUpperCase() + username.slice(1),
    role: null,
    email: null,
    mobile: null,
    active: true,
    permissions: ["AccessWhisper"],
    doctor: false,
    doctorIds: [],
    locations: [],
    ...part,
    preferences: { ...DEFAULT_PREFERENCES, ...part.preferences },
  };
}

export const neverReceives = (username: string): User =>
  user(username, { preferences: { neverReceive: true } });
export const inactive = (username: string): User => user(username, { active: false });
export const withoutAccess = (username: string): User => user(username, { permissions: [] });

export function securityGroup(
  id: string,
  members: readonly string[],
  permissions: readonly string[] = [],
): SecurityGroup {
  return { id: g(id), name: id, permissions, members: members.map(u) };
}

interface GroupPart {
  readonly users?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly customGroups?: readonly string[];
  readonly name?: string | null;
  readonly createdBy?: string;
}

export function customGroup(id: string, part: GroupPart): CustomGroup {
  return {
    id: c(id),
    name: part.name === undefined ? id : part.name,
    createdBy: u(part.createdBy ?? part.users?.[0] ?? "nobody"),
    users: (part.users ?? []).map(u),
    securityGroups: (part.securityGroups ?? []).map(g),
    customGroups: (part.customGroups ?? []).map(c),
  };
}

export function practice(
  users: ReadonlyArray<string | User>,
  securityGroups: readonly SecurityGroup[] = [],
  customGroups: readonly CustomGroup[] = [],
): Directory {
  const people = users.map((each) => (typeof each === "string" ? user(each) : each));
  return {
    users: new Map(people.map((each) => [each.username, each])),
    securityGroups: new Map(securityGroups.map((each) => [each.id, each])),
    customGroups: new Map(customGroups.map((each) => [each.id, each])),
  };
}

const base = (id: string) => ({ id: c(id), revision: 1 });
export const conversation = {
  alerts: { ...base("alerts"), kind: "alerts" },
  admin: { ...base("admin"), kind: "admin" },
  arrivals: (username: string): Conversation => ({ ...base("a"), kind: "arrivals", user: u(username) }),
  control: (username: string): Conversation => ({ ...base("c"), kind: "control", user: u(username) }),
  individual: (one: string, other: string): Conversation => ({
    ...base("i"),
    kind: "individual",
    pair: [u(one), u(other)],
  }),
  group: (id: string): Conversation => ({ ...base("g"), kind: "group", securityGroup: g(id) }),
  custom: (id: string): Conversation => ({ ...base(id), kind: "custom" }),
} as const;
