/** Who is in which group and has which access, updated from one directory to the next by what changed in between. */

import { SharedMap } from "../../base/shared-map.ts";
import {
  ADMINISTRATOR_GROUP,
  type Directory,
  PERMISSION,
  type SecurityGroup,
  type SecurityGroupId,
  type User,
  type Username,
} from "../model.ts";
import { groupCalled, isCalled } from "./group-called.ts";

export type People = ReadonlyMap<Username, Pick<User, "username" | "active" | "permissions">>;

/** What rules ask about users all the time, worked out once per directory. */
export interface AccessIndex {
  /** The security groups in which HealthTrack lists each user. */
  readonly groupsOf: SharedMap<Username, ReadonlySet<SecurityGroupId>>;
  /** Active, and AccessWhisper in effect. */
  readonly withAccess: ReadonlySet<Username>;
  readonly admins: ReadonlySet<Username>;
}

/** The index, and the directory it was made from. */
export interface IndexedStaff {
  readonly users: People;
  readonly securityGroups: Directory["securityGroups"];
  readonly administering: SecurityGroup | "several" | null;
  readonly index: AccessIndex;
}

export const NOBODY: IndexedStaff = {
  users: new Map(),
  securityGroups: new Map(),
  administering: null,
  index: { groupsOf: new SharedMap(), withAccess: new Set(), admins: new Set() },
};

/**
 * The index of these people and groups. Records are never changed in place, so records that are the same objects as
 * before are skipped: a change costs the people it touches, not all memberships of the practice.
 */
export function indexAfter(
  before: IndexedStaff,
  users: People,
  securityGroups: Directory["securityGroups"],
): IndexedStaff {
  const touched = changedKeys(before.users, users);
  const groups = changedKeys(before.securityGroups, securityGroups);
  const changed = new Map<Username, Set<SecurityGroupId>>();
  const ownSet = (username: Username): Set<SecurityGroupId> => {
    const own = changed.get(username) ?? new Set(before.index.groupsOf.get(username));
    changed.set(username, own);
    return own;
  };

  let sameAdministering = true;
  for (const id of groups) {
    const [was, is] = [before.securityGroups.get(id), securityGroups.get(id)];
    if (isAdministering(was) || isAdministering(is)) sameAdministering = false;
    const { gone, come } = moved(was, is);
    for (const member of gone) {
      ownSet(member).delete(id);
      touched.add(member);
    }
    for (const member of come) {
      ownSet(member).add(id);
      touched.add(member);
    }
    if (gives(was) !== gives(is)) for (const member of is?.members ?? []) touched.add(member);
  }
  const groupsOf = before.index.groupsOf.with(
    new Map([...changed].map(([username, own]) => [username, own.size > 0 ? own : undefined])),
  );
  const administering = sameAdministering
    ? before.administering
    : groupCalled(securityGroups.values(), ADMINISTRATOR_GROUP);
  if (idOf(administering) !== idOf(before.administering))
    for (const group of [administering, before.administering])
      for (const member of membersOf(group)) touched.add(member);

  const withAccess = new Changing(before.index.withAccess);
  const admins = new Changing(before.index.admins);
  const administers = idOf(administering);
  for (const username of touched) {
    const user = users.get(username);
    const theirs = groupsOf.get(username);
    const access = user?.active === true && hasAccess(user, theirs, securityGroups);
    const admin =
      access &&
      administers !== null &&
      theirs?.has(administers) === true &&
      user.permissions.includes(PERMISSION.admin);
    withAccess.put(username, access);
    admins.put(username, admin);
  }
  return {
    users,
    securityGroups,
    administering,
    index: { groupsOf, withAccess: withAccess.now, admins: admins.now },
  };
}

/** A set that is copied only if something in it changes: most changes of a group leave everyone's access as it was. */
class Changing<Value> {
  now: ReadonlySet<Value>;
  #own: Set<Value> | undefined;

  constructor(before: ReadonlySet<Value>) {
    this.now = before;
  }

  put(value: Value, isIn: boolean): void {
    if (this.now.has(value) === isIn) return;
    this.#own ??= new Set(this.now);
    this.now = this.#own;
    if (isIn) this.#own.add(value);
    else this.#own.delete(value);
  }
}

/** The keys whose value is a different object than before, new, or gone. */
function changedKeys<Key, Value>(was: ReadonlyMap<Key, Value>, is: ReadonlyMap<Key, Value>): Set<Key> {
  const changed = new Set<Key>();
  if (was === is) return changed;
  for (const [key, value] of is) if (was.get(key) !== value) changed.add(key);
  for (const key of was.keys()) if (!is.has(key)) changed.add(key);
  return changed;
}

function moved(
  was: SecurityGroup | undefined,
  is: SecurityGroup | undefined,
): { readonly gone: readonly Username[]; readonly come: readonly Username[] } {
  const [before, after] = [was?.members ?? [], is?.members ?? []];
  const [then, now] = [new Set(before), new Set(after)];
  return {
    gone: before.filter((member) => !now.has(member)),
    come: after.filter((member) => !then.has(member)),
  };
}

const hasAccess = (
  user: Pick<User, "permissions">,
  groups: ReadonlySet<SecurityGroupId> | undefined,
  securityGroups: Directory["securityGroups"],
): boolean =>
  user.permissions.includes(PERMISSION.access) ||
  [...(groups ?? [])].some((id) => gives(securityGroups.get(id)));

const gives = (group: SecurityGroup | undefined): boolean =>
  group?.permissions.includes(PERMISSION.access) ?? false;

const isAdministering = (group: SecurityGroup | undefined): boolean =>
  group !== undefined && isCalled(group, ADMINISTRATOR_GROUP);

const idOf = (group: SecurityGroup | "several" | null): SecurityGroupId | null =>
  group === null || group === "several" ? null : group.id;

const membersOf = (group: SecurityGroup | "several" | null): readonly Username[] =>
  group === null || group === "several" ? [] : group.members;
