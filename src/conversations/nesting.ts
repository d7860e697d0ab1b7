import { withHolders } from "../policy/members.ts";
import type { ConversationId, Directory, SecurityGroupId, Username } from "../policy/model.ts";
import { securityGroupsOf } from "../policy/permissions.ts";

/** The custom groups that hold one of these people or security groups, directly or through any nesting. */
export function customGroupsAround(
  directory: Directory,
  change: { readonly usernames: readonly string[]; readonly groups: readonly string[] },
): Set<ConversationId> {
  const users = new Set(change.usernames as readonly Username[]);
  const groups = new Set(change.groups as readonly SecurityGroupId[]);
  // A person may be a member through a group that did not change itself.
  for (const username of users) for (const id of securityGroupsOf(directory, username)) groups.add(id);
  const direct = [...directory.customGroups.values()].filter(
    (group) =>
      group.users.some((each) => users.has(each)) || group.securityGroups.some((each) => groups.has(each)),
  );
  return withHolders(
    directory,
    direct.map((group) => group.id),
  );
}
