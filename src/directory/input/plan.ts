import type { SecurityGroupId, Username } from "../../policy/model.ts";
import type { SentUser } from "./schema.ts";

/** A security group as stored. */
export interface StoredGroup {
  readonly id: SecurityGroupId;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly members: readonly Username[];
  /** Everyone who is added to the directory becomes a member. */
  readonly everyone: boolean;
}

/** The directory as stored, or as wanted. */
export interface StoredDirectory {
  readonly users: ReadonlyMap<Username, SentUser>;
  readonly groups: ReadonlyMap<SecurityGroupId, StoredGroup>;
}

export interface GroupMembership {
  readonly group_id: SecurityGroupId;
  readonly username: Username;
}

/** As the sender sees it: an implicit Default is not counted. */
export interface GroupCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/** What to write so that the stored directory becomes the wanted one. */
export interface DirectoryPlan {
  readonly users: {
    readonly created: readonly SentUser[];
    readonly updated: readonly SentUser[];
    /** Active before and no longer. Those sent as inactive are in `written` too; the others only lose `active`. */
    readonly deactivated: readonly SentUser[];
    readonly unchanged: number;
  };
  readonly groups: {
    readonly written: readonly StoredGroup[];
    readonly deleted: readonly SecurityGroupId[];
    readonly counts: GroupCounts;
  };
  readonly joined: readonly GroupMembership[];
  readonly left: readonly GroupMembership[];
}

/** Compares two whole directories. Users that are not wanted stay, inactive. */
export function planDirectory(stored: StoredDirectory, wanted: StoredDirectory): DirectoryPlan {
  return {
    users: planUsers(stored, wanted),
    groups: planGroups(stored, wanted),
    ...planMembers(stored, wanted),
  };
}

function planUsers(stored: StoredDirectory, wanted: StoredDirectory): DirectoryPlan["users"] {
  const created: SentUser[] = [];
  const updated: SentUser[] = [];
  const deactivated: SentUser[] = [];
  let unchanged = 0;
  for (const user of wanted.users.values()) {
    const known = stored.users.get(user.username);
    if (!known) created.push(user);
    else if (known.active && !user.active) deactivated.push(user);
    else if (sameUser(known, user)) unchanged += 1;
    else updated.push(user);
  }
  for (const known of stored.users.values()) {
    if (known.active && !wanted.users.has(known.username)) deactivated.push({ ...known, active: false });
  }
  return { created, updated, deactivated, unchanged };
}

function planGroups(stored: StoredDirectory, wanted: StoredDirectory): DirectoryPlan["groups"] {
  const written: StoredGroup[] = [];
  const deleted = [...stored.groups.values()].filter((group) => !wanted.groups.has(group.id));
  const counts = { created: 0, updated: 0, unchanged: 0, deleted: deleted.filter(isSent).length };
  for (const group of wanted.groups.values()) {
    const known = stored.groups.get(group.id);
    const same = known !== undefined && sameGroup(known, group);
    if (!same) written.push(group);
    if (isSent(group)) counts[known && isSent(known) ? (same ? "unchanged" : "updated") : "created"] += 1;
    else if (known && isSent(known)) counts.deleted += 1;
  }
  return { written, deleted: deleted.map((group) => group.id), counts };
}

const isSent = (group: StoredGroup): boolean => !group.everyone;

function planMembers(
  stored: StoredDirectory,
  wanted: StoredDirectory,
): Pick<DirectoryPlan, "joined" | "left"> {
  const joined: GroupMembership[] = [];
  const left: GroupMembership[] = [];
  for (const id of new Set([...stored.groups.keys(), ...wanted.groups.keys()])) {
    const before = new Set(stored.groups.get(id)?.members);
    const after = new Set(wanted.groups.get(id)?.members);
    for (const username of after) if (!before.has(username)) joined.push({ group_id: id, username });
    for (const username of before) if (!after.has(username)) left.push({ group_id: id, username });
  }
  return { joined, left };
}

/** Compares lists without their order. */
export function sameUser(one: SentUser, other: SentUser): boolean {
  return (
    one.name === other.name &&
    one.role === other.role &&
    one.email === other.email &&
    one.mobile === other.mobile &&
    one.active === other.active &&
    one.doctor === other.doctor &&
    sameNames(one.permissions, other.permissions) &&
    sameNames(one.doctor_ids, other.doctor_ids) &&
    sameNames(one.locations, other.locations)
  );
}

export function sameGroup(one: StoredGroup, other: StoredGroup): boolean {
  return (
    one.name === other.name &&
    one.everyone === other.everyone &&
    sameNames(one.permissions, other.permissions) &&
    sameNames(one.members, other.members)
  );
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  const names = new Set(other);
  return one.every((name) => names.has(name));
}

/** Everyone and everything the plan touches. Empty: nothing changes. */
export function touchedBy(plan: DirectoryPlan): { usernames: Username[]; groups: SecurityGroupId[] } {
  const { users, groups, joined, left } = plan;
  const moved = [...joined, ...left];
  return {
    usernames: [
      ...new Set([
        ...[...users.created, ...users.updated, ...users.deactivated].map((user) => user.username),
        ...moved.map((membership) => membership.username),
      ]),
    ],
    groups: [
      ...new Set([
        ...groups.written.map((group) => group.id),
        ...groups.deleted,
        ...moved.map((membership) => membership.group_id),
      ]),
    ],
  };
}
