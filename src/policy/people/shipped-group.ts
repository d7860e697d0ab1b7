import type { SecurityGroup, SecurityGroupId } from "../model.ts";
import { sameName } from "../names/spelling.ts";

/** What of a group tells whether it is a shipped one. */
export type GroupName = Pick<SecurityGroup, "id" | "name">;

/** HealthTrack may number its groups, so a shipped group is known by its id or by its name, however it is spelled. */
export const isShipped = (group: GroupName, shipped: SecurityGroupId): boolean =>
  sameName(group.id, shipped) || sameName(group.name, shipped);

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
