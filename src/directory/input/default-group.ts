import { DEFAULT_GROUP, PERMISSION, type SecurityGroupId } from "../../policy/model.ts";
import { sameName } from "../../policy/names/spelling.ts";
import { type GroupName, groupCalled } from "../../policy/people/group-called.ts";
import { permissionsAsSent } from "../../policy/people/permissions.ts";
import type { StoredGroup } from "./plan.ts";

/**
 * The group Default while HealthTrack does not send it: everyone is in it, and it has AccessWhisper. So in a practice
 * that sends no groups at all, staff can still use Whisper.
 */
export const IMPLICIT_DEFAULT = {
  id: DEFAULT_GROUP,
  name: DEFAULT_GROUP,
  permissions: [PERMISSION.access],
  everyone: true,
} as const;

/** Default among the groups that HealthTrack sends. If several have that name, everything stays as it is known. */
export const defaultAmong = <Group extends GroupName>(groups: Iterable<Group>): Group | "several" | null =>
  groupCalled(groups, DEFAULT_GROUP);

/** The result of `defaultAmong`. */
export type Default = GroupName | "several" | null;

export const isDefault = (shipped: Default, { id }: Pick<GroupName, "id">): boolean =>
  shipped !== null && shipped !== "several" && sameName(shipped.id, id);

/** The group's permissions as `sent`, otherwise as `known`. */
export function permissionsOf(
  shipped: Default,
  group: GroupName,
  sent: readonly string[] | undefined,
  known: readonly string[] | undefined,
): readonly string[] {
  const perhaps = shipped === "several" && sameName(group.name, DEFAULT_GROUP);
  return perhaps ? (sent ?? known ?? []) : permissionsAsSent(sent, isDefault(shipped, group));
}

/** Does Default exist by itself alongside these groups? `stored`: what is known. */
export function isImplicit(
  groups: readonly GroupName[],
  stored: ReadonlyMap<SecurityGroupId, StoredGroup>,
): boolean {
  const shipped = defaultAmong(groups);
  if (shipped !== "several") return shipped === null;
  const before = defaultAmong(stored.values());
  return before === null || (before !== "several" && before.everyone);
}
