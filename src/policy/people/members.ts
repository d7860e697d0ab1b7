/**
 * Who is in a custom group, and why (docs/product-text.md#s11: any combination of users, security groups, or other
 * message groups).
 */

import { oncePer } from "../../base/once-per.ts";
import type { ConversationId, Directory, SecurityGroupId, Selection, Username } from "../model.ts";
import type { HandleTarget } from "../names/names.ts";
import * as words from "../words.ts";
import { isActive, securityGroupsOf } from "./permissions.ts";

/** The groups on the way, outermost first; empty: added directly. */
export type MembershipPath = readonly HandleTarget[];

/** A group named after its members lists this many when there are more, and counts the rest. */
const LISTED_WITH_OTHERS = 2;

/** The custom groups that a selection reaches, each once, so that a circle in the data ends. */
function reachable(directory: Directory, selection: Selection): Set<ConversationId> {
  const seen = new Set(selection.customGroups.filter((id) => directory.customGroups.has(id)));
  for (const id of seen) {
    for (const nested of directory.customGroups.get(id)?.customGroups ?? []) {
      if (directory.customGroups.has(nested)) seen.add(nested); // a Set yields what is added while it is walked
    }
  }
  return seen;
}

/** The custom group and all groups in it, through any nesting. */
export const groupsWithin = (directory: Directory, id: ConversationId): ReadonlySet<ConversationId> =>
  reachable(directory, { users: [], securityGroups: [], customGroups: [id] });

/** The active people in a selection. The work grows only with the members of what is selected. */
export function resolveSelection(directory: Directory, selection: Selection): Set<Username> {
  const people = new Set<Username>();
  const add = (usernames: readonly Username[]) => {
    for (const username of usernames) if (isActive(directory, username)) people.add(username);
  };
  const securityGroups = new Set<SecurityGroupId>();
  const take = (chosen: Selection) => {
    add(chosen.users);
    for (const id of chosen.securityGroups) securityGroups.add(id);
  };
  take(selection);
  for (const id of reachable(directory, selection)) {
    const nested = directory.customGroups.get(id);
    if (nested !== undefined) take(nested);
  }
  for (const id of securityGroups) add(directory.securityGroups.get(id)?.members ?? []);
  return people;
}

const NOBODY: ReadonlySet<Username> = new Set();
const resolvedGroups = oncePer((_: Directory) => new Map<ConversationId, ReadonlySet<Username>>());

/** The active members of a custom group; empty if the group is gone. */
export function membersOf(directory: Directory, id: ConversationId): ReadonlySet<Username> {
  const known = resolvedGroups(directory);
  let people = known.get(id);
  if (people === undefined) {
    const group = directory.customGroups.get(id);
    people = group === undefined ? NOBODY : resolveSelection(directory, group);
    known.set(id, people);
  }
  return people;
}

/** The active people of a group of either kind. */
export const peopleIn = (directory: Directory, target: HandleTarget): ReadonlySet<Username> =>
  "customGroup" in target
    ? membersOf(directory, target.customGroup)
    : resolveSelection(directory, { users: [], securityGroups: [target.securityGroup], customGroups: [] });

/** For each custom group, the ones that contain it directly. */
const holdersOf = oncePer((customGroups: Directory["customGroups"]) => {
  const holders = new Map<ConversationId, ConversationId[]>();
  for (const group of customGroups.values()) {
    for (const nested of group.customGroups) {
      const known = holders.get(nested);
      if (known === undefined) holders.set(nested, [group.id]);
      else known.push(group.id);
    }
  }
  return holders;
});

/**
 * These groups and every custom group that contains them, through any nesting: everything that a change to them may
 * affect.
 */
export function withHolders(directory: Directory, ids: Iterable<ConversationId>): Set<ConversationId> {
  const holders = holdersOf(directory.customGroups);
  const touched = new Set(ids);
  // A Set also yields what is added during iteration, each once, so a circle in the data ends.
  for (const id of touched) for (const holder of holders.get(id) ?? []) touched.add(holder);
  return touched;
}

/** Would the custom group `id` contain itself if `add` became part of it? */
export function wouldCycle(directory: Directory, id: ConversationId, add: ConversationId): boolean {
  return reachable(directory, { users: [], securityGroups: [], customGroups: [add] }).has(id) || add === id;
}

/**
 * Why someone is a member of a custom group: the shortest path through each group that holds the person. Empty: not a
 * member. Each nested group is visited once, so the work does not grow with the number of paths.
 */
export function membershipPaths(
  directory: Directory,
  id: ConversationId,
  username: Username,
): MembershipPath[] {
  const group = directory.customGroups.get(id);
  return group === undefined ? [] : pathsThrough(directory, group, username);
}

export function pathsThrough(
  directory: Directory,
  selection: Selection,
  username: Username,
): MembershipPath[] {
  if (!isActive(directory, username)) return [];
  const mine = securityGroupsOf(directory, username);
  const paths: MembershipPath[] = [];
  const seenGroups = new Set<ConversationId>();
  const seenSecurityGroups = new Set<SecurityGroupId>();
  const waiting: Array<{ readonly at: Selection; readonly path: MembershipPath }> = [
    { at: selection, path: [] },
  ];
  for (const { at, path } of waiting) {
    if (at.users.includes(username)) paths.push(path);
    for (const securityGroup of at.securityGroups) {
      if (!mine.has(securityGroup) || seenSecurityGroups.has(securityGroup)) continue;
      seenSecurityGroups.add(securityGroup);
      paths.push([...path, { securityGroup }]);
    }
    for (const customGroup of at.customGroups) {
      const nested = directory.customGroups.get(customGroup);
      if (nested === undefined || nested === selection || seenGroups.has(customGroup)) continue;
      seenGroups.add(customGroup);
      waiting.push({ at: nested, path: [...path, { customGroup }] });
    }
  }
  return paths;
}

/** In words, innermost group first: `added directly`, `through Doctors (group) in Night shift (custom group)`. */
export function describePath(directory: Directory, path: MembershipPath): string {
  const groups = path.map((target) => groupTitle(directory, target)).reverse();
  const [innermost, ...around] = groups;
  return innermost === undefined
    ? words.addedDirectly
    : [words.throughGroup(innermost), ...around.map(words.insideGroup)].join(" ");
}

/** The group's name as clients show its handle. */
export function groupTitle(directory: Directory, target: HandleTarget): string {
  return "securityGroup" in target
    ? words.groupHandleName(directory.securityGroups.get(target.securityGroup)?.name ?? target.securityGroup)
    : words.customGroupHandleName(groupName(directory, target.customGroup));
}

/** What a custom group is called: its own name, or one made from its members. */
export function groupName(directory: Directory, id: ConversationId): string {
  const group = directory.customGroups.get(id);
  if (group === undefined) return words.emptyGroup;
  return group.name ?? defaultName(directory, group);
}

/** A nested group without a name is not listed by its members: names made of names might never end. */
const nestedName = (directory: Directory, id: ConversationId): string =>
  directory.customGroups.get(id)?.name ?? words.groupOfPeople(membersOf(directory, id).size);

/**
 * The name of a group without one: its groups, then the people added directly, by name: `Anna Jones and Ben Okafor`,
 * `Doctors, Anna Jones and 3 others`.
 */
export function defaultName(directory: Directory, selection: Selection): string {
  const securityGroups = selection.securityGroups.flatMap(
    (id) => directory.securityGroups.get(id)?.name ?? [],
  );
  const customGroups = selection.customGroups
    .filter((id) => directory.customGroups.has(id))
    .map((id) => nestedName(directory, id));
  const users = selection.users.flatMap((username) => {
    const user = directory.users.get(username);
    return user?.active ? [user.name] : [];
  });
  const names = [securityGroups, customGroups, users].flatMap((part) => part.toSorted(byName));
  if (names.length === 0) return words.emptyGroup;
  if (names.length <= LISTED_WITH_OTHERS + 1) return words.listOfNames(names);
  const listed = names.slice(0, LISTED_WITH_OTHERS);
  return words.listOfNames([...listed, words.others(names.length - listed.length)]);
}

const collator = new Intl.Collator("en");
const byName = (one: string, other: string): number => collator.compare(one, other) || (one < other ? -1 : 1);
