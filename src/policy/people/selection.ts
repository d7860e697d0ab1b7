/** A choice of people and groups, so that the same choice opens the same conversation. */

import { oncePer } from "../../base/once-per.ts";
import type { CustomGroup, Directory, PracticeSettings, Selection, UserId, Username } from "../model.ts";
import { whoIs } from "../names/names.ts";
import { resolveSelection } from "./members.ts";

export const EMPTY_SELECTION: Selection = { users: [], securityGroups: [], customGroups: [] };

/**
 * The most people and groups that one custom group may be made of. The selection is in the room's marker, and an event
 * may not exceed 65,536 bytes (Matrix spec, client-server API, "Size limits").
 */
export const MOST_ENTRIES = 300;

/** The person or group behind an account, as the one entry of a selection; null: it cannot be one. */
export function entryOf(settings: PracticeSettings, directory: Directory, who: UserId): Selection | null {
  const someone = whoIs(settings, who, directory);
  if (someone.is === "person") return { ...EMPTY_SELECTION, users: [someone.username] };
  if (someone.is !== "group") return null;
  return "securityGroup" in someone.target
    ? { ...EMPTY_SELECTION, securityGroups: [someone.target.securityGroup] }
    : { ...EMPTY_SELECTION, customGroups: [someone.target.customGroup] };
}

export const selectionSize = (selection: Selection): number =>
  selection.users.length + selection.securityGroups.length + selection.customGroups.length;

const sortedOnce = <T extends string>(values: readonly T[]): T[] => [...new Set(values)].sort();

/** Each entry once, ordered by its id. */
export const canonicalSelection = (selection: Selection): Selection => ({
  users: sortedOnce(selection.users),
  securityGroups: sortedOnce(selection.securityGroups),
  customGroups: sortedOnce(selection.customGroups),
});

/**
 * Someone's choice as a group that includes them. They are added by name only if no chosen group already holds them, so
 * two doctors who each open `Doctors` and `Managers` get the same group.
 */
export function withCreator(directory: Directory, selection: Selection, creator: Username): Selection {
  const belongs = resolveSelection(directory, selection).has(creator);
  return canonicalSelection(belongs ? selection : { ...selection, users: [...selection.users, creator] });
}

/** Equal for equal selections, in whatever order they were chosen. Add the creator first (`withCreator`). */
export function selectionKey(selection: Selection): string {
  const { users, securityGroups, customGroups } = canonicalSelection(selection);
  return JSON.stringify([users, securityGroups, customGroups]);
}

export const sameSelection = (one: Selection, other: Selection): boolean =>
  selectionKey(one) === selectionKey(other);

const groupsByKey = oncePer((customGroups: Directory["customGroups"]) => {
  const byKey = new Map<string, CustomGroup[]>();
  for (const group of customGroups.values()) {
    const key = selectionKey(group);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [group]);
    else same.push(group);
  }
  return byKey;
});

/**
 * The existing custom group with this selection. With a name: the one with that name, so that two groups of the same
 * people can be told apart. Without: the unnamed one, otherwise any, since a group may have been renamed.
 */
export function sameCustomGroup(
  directory: Directory,
  selection: Selection,
  name: string | null,
): CustomGroup | null {
  const same = groupsByKey(directory.customGroups).get(selectionKey(selection)) ?? [];
  const named = same.find((group) => group.name === name);
  return named ?? (name === null ? same[0] : undefined) ?? null;
}
