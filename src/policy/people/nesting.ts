import { oncePer } from "../../base/once-per.ts";
import type { ConversationId, Directory, SecurityGroupId, Username } from "../model.ts";
import { withHolders } from "./members.ts";
import { securityGroupsOf } from "./permissions.ts";

/** The custom groups that contain each user and each security group directly. */
const holdersOf = oncePer((customGroups: Directory["customGroups"]) => {
  const holders = new Map<string, ConversationId[]>();
  const note = (key: string, group: ConversationId) => {
    const known = holders.get(key);
    if (known === undefined) holders.set(key, [group]);
    else known.push(group);
  };
  for (const group of customGroups.values()) {
    for (const each of group.users) note(keyOf("user", each), group.id);
    for (const each of group.securityGroups) note(keyOf("security", each), group.id);
  }
  return holders;
});

const keyOf = (kind: "user" | "security", id: string): string => `${kind} ${id}`;

/** The custom groups that contain one of these people or security groups, directly or through any nesting. */
export function customGroupsAround(
  directory: Directory,
  change: { readonly usernames: Iterable<Username>; readonly groups: Iterable<SecurityGroupId> },
): Set<ConversationId> {
  const holders = holdersOf(directory.customGroups);
  const direct = new Set<ConversationId>();
  const add = (key: string) => {
    for (const id of holders.get(key) ?? []) direct.add(id);
  };
  for (const username of change.usernames) {
    add(keyOf("user", username));
    // A person may be a member through a group that did not itself change.
    for (const id of securityGroupsOf(directory, username)) add(keyOf("security", id));
  }
  for (const group of change.groups) add(keyOf("security", group));
  return withHolders(directory, direct);
}
