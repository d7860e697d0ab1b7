import type { ConversationId, Directory, SecurityGroupId, Username } from "../policy/model.ts";
import { oncePer } from "../policy/oncePer.ts";
import { securityGroupsOf } from "../policy/permissions.ts";

/** For each custom group, those that it is directly part of. */
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

/** These groups and every custom group that they are part of, through any nesting: what a change of them may touch. */
export function withHolders(directory: Directory, ids: Iterable<ConversationId>): Set<ConversationId> {
  const holders = holdersOf(directory.customGroups);
  const touched = new Set(ids);
  // A Set yields what is added while it is walked, each once, so a circle in the data ends.
  for (const id of touched) for (const holder of holders.get(id) ?? []) touched.add(holder);
  return touched;
}

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
