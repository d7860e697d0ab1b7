/** Whom and what a name means, however it is written: capital letters, and how an accent is encoded, do not count. */

import { oncePer } from "../../base/once-per.ts";
import type { Directory, SecurityGroupId, Selection, Username } from "../model.ts";
import { foldName } from "./names.ts";

const byFoldedName = <Name extends string>(names: Iterable<Name>): ReadonlyMap<string, Name> =>
  new Map([...names].map((name) => [foldName(name), name]));

const usernames = oncePer((users: Directory["users"]) => byFoldedName(users.keys()));
const groupIds = oncePer((groups: Directory["securityGroups"]) => byFoldedName(groups.keys()));

/** The directory's own spelling of a user name; as it is when the directory does not have it. */
export const usernameAsKnown = ({ users }: Pick<Directory, "users">, name: Username): Username =>
  users.has(name) ? name : (usernames(users).get(foldName(name)) ?? name);

/** The directory's own spelling of the id of a security group; as it is when the directory does not have it. */
export const groupIdAsKnown = (
  { securityGroups }: Pick<Directory, "securityGroups">,
  id: SecurityGroupId,
): SecurityGroupId => (securityGroups.has(id) ? id : (groupIds(securityGroups).get(foldName(id)) ?? id));

/** A choice of people and groups in the directory's own spelling, in its order. */
export const selectionAsKnown = (directory: Directory, chosen: Selection): Selection => ({
  users: chosen.users.map((name) => usernameAsKnown(directory, name)),
  securityGroups: chosen.securityGroups.map((id) => groupIdAsKnown(directory, id)),
  customGroups: chosen.customGroups,
});

/** Are these two spellings of one user name, or of one group's id? */
export const sameName = (one: string, other: string): boolean => foldName(one) === foldName(other);
