/** People and groups that the configuration names. Plain data in, plain data out. */

import type { Directory, SecurityGroupId, Username } from "../../policy/model.ts";
import { sameLocation } from "../../policy/names/locations.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { groupCalled } from "../../policy/people/group-called.ts";
import { hasAccess } from "../../policy/people/permissions.ts";

/** Can the user be told something in Whisper? */
export const isReachable = (directory: Directory, username: Username): boolean =>
  directory.users.has(username) && hasAccess(directory, username);

/** The rule for a location, otherwise the one without a location; null: there is none. */
export function ruleAt<Rule extends { readonly location?: string | undefined }>(
  rules: readonly Rule[],
  location: string | null,
): Rule | null {
  const here = (rule: Rule) =>
    rule.location !== undefined && location !== null && sameLocation(rule.location, location);
  return rules.find(here) ?? rules.find((rule) => rule.location === undefined) ?? null;
}

export interface Target {
  readonly label: string;
  /** Null: it is a person. */
  readonly group: SecurityGroupId | null;
  readonly people: readonly Username[];
}

/**
 * Whom a rule names: a user, or the members of a security group (by id, otherwise by name), as far as they can be told
 * in Whisper. Null: nobody has that name. "several": several groups do, and nobody can tell which is meant.
 */
export function targetOf(directory: Directory, name: string): Target | "several" | null {
  const user = directory.users.get(usernameAsKnown(directory, name as Username));
  if (user !== undefined) {
    return { label: user.name, group: null, people: reachable(directory, [user.username]) };
  }
  const group = groupCalled(directory.securityGroups.values(), name);
  if (group === null || group === "several") return group;
  return { label: group.name, group: group.id, people: reachable(directory, group.members) };
}

const reachable = (directory: Directory, people: readonly Username[]): Username[] =>
  people.filter((username) => isReachable(directory, username)).toSorted();
