/** Who holds which permission in effect (product text, "Security & Permissions"). */

import {
  ADMINISTRATOR_GROUP,
  type Directory,
  PERMISSION,
  type SecurityGroup,
  type SecurityGroupId,
  type User,
  type Username,
} from "./model.ts";
import { oncePerPair } from "./oncePer.ts";
import { sameName } from "./spelling.ts";

type People = ReadonlyMap<Username, Pick<User, "username" | "active" | "permissions">>;
interface Staff {
  readonly users: People;
  readonly securityGroups: Directory["securityGroups"];
}

/** What the rules ask about users all the time, worked out once per directory. */
export interface AccessIndex {
  /** The security groups that HealthTrack lists each user in. */
  readonly groupsOf: ReadonlyMap<Username, ReadonlySet<SecurityGroupId>>;
  /** Active, and AccessWhisper in effect. */
  readonly withAccess: ReadonlySet<Username>;
  readonly admins: ReadonlySet<Username>;
}

const NONE: ReadonlySet<never> = new Set<never>();

/** HealthTrack may number its groups, so a shipped group is known by its id or by its name, however it is spelled. */
const isShipped = (group: GroupName, shipped: SecurityGroupId): boolean =>
  sameName(group.id, shipped) || sameName(group.name, shipped);

/** What of a group tells whether it is a shipped one. */
export type GroupName = Pick<SecurityGroup, "id" | "name">;

/**
 * The group that HealthTrack ships under this name: the one with that id, else the only one so named. A practice may call
 * another group the same, which makes it no second one; where several are called so and none has the id, nobody can tell,
 * and it is none of them ("several").
 */
export function shippedGroup<Group extends GroupName>(
  groups: Iterable<Group>,
  shipped: SecurityGroupId,
): Group | "several" | null {
  let named: Group | "several" | null = null;
  for (const group of groups) {
    if (!isShipped(group, shipped)) continue;
    if (sameName(group.id, shipped)) return group;
    named = named === null ? group : "several";
  }
  return named;
}

/**
 * What a security group holds when HealthTrack sends it: `Default` has AccessWhisper unless told otherwise,
 * that is, unless its permissions are sent, even as an empty list.
 */
export const permissionsAsSent = (
  sent: readonly string[] | undefined,
  isDefault: boolean,
): readonly string[] => sent ?? (isDefault ? [PERMISSION.access] : []);

const indexOf = oncePerPair((users: People, securityGroups: Directory["securityGroups"]): AccessIndex => {
  const groupsOf = new Map<Username, Set<SecurityGroupId>>();
  const access = new Set<Username>();
  const administrators = new Set<Username>();
  const administering = shippedGroup(securityGroups.values(), ADMINISTRATOR_GROUP);
  for (const group of securityGroups.values()) {
    const gives = group.permissions.includes(PERMISSION.access);
    for (const member of group.members) {
      const groups = groupsOf.get(member);
      if (groups === undefined) groupsOf.set(member, new Set([group.id]));
      else groups.add(group.id);
      if (gives) access.add(member);
      if (group === administering) administrators.add(member);
    }
  }
  const withAccess = new Set<Username>();
  const admins = new Set<Username>();
  for (const user of users.values()) {
    if (!user.active) continue;
    if (!access.has(user.username) && !user.permissions.includes(PERMISSION.access)) continue;
    withAccess.add(user.username);
    if (administrators.has(user.username) && user.permissions.includes(PERMISSION.admin))
      admins.add(user.username);
  }
  return { groupsOf, withAccess, admins };
});

export const accessIndex = (directory: Staff): AccessIndex =>
  indexOf(directory.users, directory.securityGroups);

export const securityGroupsOf = (directory: Staff, username: Username): ReadonlySet<SecurityGroupId> =>
  accessIndex(directory).groupsOf.get(username) ?? NONE;

/** The user's own permissions and those of their security groups, whether they are active or not. */
export function effectivePermissions(directory: Staff, username: Username): ReadonlySet<string> {
  const permissions = new Set(directory.users.get(username)?.permissions);
  for (const id of securityGroupsOf(directory, username)) {
    for (const permission of directory.securityGroups.get(id)?.permissions ?? []) permissions.add(permission);
  }
  return permissions;
}

/** May sign in and use Whisper: active, and AccessWhisper in effect. */
export const hasAccess = (directory: Staff, username: Username): boolean =>
  accessIndex(directory).withAccess.has(username);

/** WhisperAdmin counts only when assigned to the user directly AND the user is in HMS-Administrator. */
export const isWhisperAdmin = (directory: Staff, username: Username): boolean =>
  accessIndex(directory).admins.has(username);

export const isActive = (directory: Pick<Directory, "users">, username: Username): boolean =>
  directory.users.get(username)?.active ?? false;
