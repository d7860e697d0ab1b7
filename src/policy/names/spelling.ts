/** Who and what a name means, however it is written: case and the encoding of accents do not matter. */

import { oncePer } from "../../base/once-per.ts";
import type { Directory, SecurityGroupId, Selection, Username } from "../model.ts";
import { foldName } from "./names.ts";

const byFoldedName = <Name extends string>(names: Iterable<Name>): ReadonlyMap<string, Name> =>
  new Map([...names].map((name) => [foldName(name), name]));

const usernames = oncePer((users: Directory["users"]) => byFoldedName(users.keys()));
const groupIds = oncePer((groups: Directory["securityGroups"]) => byFoldedName(groups.keys()));

/** The directory's spelling of a user name; unchanged if the directory does not have it. */
export const usernameAsKnown = ({ users }: Pick<Directory, "users">, name: Username): Username =>
  users.has(name) ? name : (usernames(users).get(foldName(name)) ?? name);

/** The directory's spelling of a security group's id; unchanged if the directory does not have it. */
export const groupIdAsKnown = (
  { securityGroups }: Pick<Directory, "securityGroups">,
  id: SecurityGroupId,
): SecurityGroupId => (securityGroups.has(id) ? id : (groupIds(securityGroups).get(foldName(id)) ?? id));

/** A choice of people and groups in the directory's spelling and order. */
export const selectionAsKnown = (directory: Directory, chosen: Selection): Selection => ({
  users: chosen.users.map((name) => usernameAsKnown(directory, name)),
  securityGroups: chosen.securityGroups.map((id) => groupIdAsKnown(directory, id)),
  customGroups: chosen.customGroups,
});

/** Are these two spellings of the same user name, or of the same group id? */
export const sameName = (one: string, other: string): boolean => foldName(one) === foldName(other);
