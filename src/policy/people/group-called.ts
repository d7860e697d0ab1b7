import type { SecurityGroup } from "../model.ts";
import { sameName } from "../names/spelling.ts";

/** What is needed to tell whether a group is the one meant. */
export type GroupName = Pick<SecurityGroup, "id" | "name">;

/** HealthTrack may number its groups, so a group is known by its id or by its name, however either is spelled. */
export const isCalled = (group: GroupName, called: string): boolean =>
  sameName(group.id, called) || sameName(group.name, called);

/**
 * The group meant by this id or name: the one with that id, otherwise the only one with that name. If a group has the
 * id, others with the name are not meant. If several have the name and none has the id, nobody can tell, and it is none
 * of them ("several").
 */
export function groupCalled<Group extends GroupName>(
  groups: Iterable<Group>,
  called: string,
): Group | "several" | null {
  let named: Group | "several" | null = null;
  for (const group of groups) {
    if (!isCalled(group, called)) continue;
    if (sameName(group.id, called)) return group;
    named = named === null ? group : "several";
  }
  return named;
}
