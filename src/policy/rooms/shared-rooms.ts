/** Which conversations a person shares with others through the directory, answered without listing anyone else. */

import type { Conversation, ConversationId, Directory, SecurityGroupId, Username } from "../model.ts";
import { hasAccess, isActive, isWhisperAdmin, securityGroupsOf } from "../people/permissions.ts";

export interface SharedRooms {
  readonly groups: ReadonlySet<SecurityGroupId>;
  readonly customGroups: ReadonlySet<ConversationId>;
  readonly alerts: boolean;
  readonly admin: boolean;
}

/** @param around the custom groups that hold the person, directly or through any nesting. */
export function sharedRoomsOf(
  directory: Directory,
  username: Username,
  around: ReadonlySet<ConversationId>,
): SharedRooms {
  const active = isActive(directory, username);
  return {
    groups: active ? securityGroupsOf(directory, username) : new Set(),
    customGroups: active ? around : new Set(),
    alerts: hasAccess(directory, username),
    admin: isWhisperAdmin(directory, username),
  };
}

/** Does the person belong in it? False for conversations that are not shared through the directory (`isShared`). */
export function isInSharedRooms(rooms: SharedRooms, conversation: Conversation): boolean {
  switch (conversation.kind) {
    case "alerts":
      return rooms.alerts;
    case "admin":
      return rooms.admin;
    case "group":
      return rooms.groups.has(conversation.securityGroup);
    case "custom":
      return rooms.customGroups.has(conversation.id);
    case "arrivals":
    case "control":
    case "individual":
      return false;
    default:
      return conversation satisfies never;
  }
}

/** Neither one person's own nor two people's. */
export const isShared = ({ kind }: Conversation): boolean =>
  kind === "alerts" || kind === "admin" || kind === "group" || kind === "custom";
