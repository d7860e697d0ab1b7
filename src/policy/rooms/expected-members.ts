/** Who belongs to a conversation, people and standing group handles, and whether it should have anyone at all. */

import type { Conversation, Directory, Username } from "../model.ts";
import type { HandleTarget } from "../names/names.ts";
import { membersOf } from "../people/members.ts";
import { accessIndex, hasAccess, isActive, isWhisperAdmin, securityGroupsOf } from "../people/permissions.ts";

/**
 * Should the conversation have people in it? Not if its user, group or last member is gone. The room then stays empty
 * except for the bot: its history is kept, and it fills again when they return.
 */
export function oughtToHavePeople(conversation: Conversation, directory: Directory): boolean {
  switch (conversation.kind) {
    case "alerts":
    case "admin":
      return true;
    case "arrivals":
    case "control":
      return isActive(directory, conversation.user);
    case "individual":
      return conversation.pair.some((username) => isActive(directory, username));
    case "group":
      return directory.securityGroups.has(conversation.securityGroup);
    case "custom":
      return membersOf(directory, conversation.id).size > 0;
  }
}

/**
 * The people of a conversation. Active people who lost AccessWhisper stay in it (their account is locked, and
 * everything is as before when access is given back), except where only people with access belong.
 */
export function peopleOf(conversation: Conversation, directory: Directory): ReadonlySet<Username> {
  switch (conversation.kind) {
    case "alerts":
      return accessIndex(directory).withAccess;
    case "admin":
      return accessIndex(directory).admins;
    case "arrivals":
    case "control":
      return active(directory, [conversation.user]);
    case "individual":
      return active(directory, conversation.pair);
    case "group":
      return active(directory, directory.securityGroups.get(conversation.securityGroup)?.members ?? []);
    case "custom":
      return membersOf(directory, conversation.id);
  }
}

const active = (directory: Directory, usernames: readonly Username[]): ReadonlySet<Username> =>
  new Set(usernames.filter((username) => isActive(directory, username)));

/** Is the user one of `peopleOf`? Answered without listing them all. */
export function belongsTo(conversation: Conversation, directory: Directory, username: Username): boolean {
  switch (conversation.kind) {
    case "alerts":
      return hasAccess(directory, username);
    case "admin":
      return isWhisperAdmin(directory, username);
    case "arrivals":
    case "control":
      return conversation.user === username && isActive(directory, username);
    case "individual":
      return conversation.pair.includes(username) && isActive(directory, username);
    case "group":
      return (
        securityGroupsOf(directory, username).has(conversation.securityGroup) && isActive(directory, username)
      );
    case "custom":
      return membersOf(directory, conversation.id).has(username);
  }
}

/** The groups whose handles are in the member list to show that they are part of the custom group. */
export function standingGroups(conversation: Conversation, directory: Directory): HandleTarget[] {
  if (conversation.kind !== "custom") return [];
  const group = directory.customGroups.get(conversation.id);
  if (group === undefined) return [];
  return [
    ...group.securityGroups
      .filter((id) => directory.securityGroups.has(id))
      .map((securityGroup) => ({ securityGroup })),
    ...group.customGroups
      .filter((id) => directory.customGroups.has(id))
      .map((customGroup) => ({ customGroup })),
  ];
}

export function standsIn(conversation: Conversation, directory: Directory, target: HandleTarget): boolean {
  if (conversation.kind !== "custom") return false;
  const group = directory.customGroups.get(conversation.id);
  if (group === undefined) return false;
  return "securityGroup" in target
    ? group.securityGroups.includes(target.securityGroup) &&
        directory.securityGroups.has(target.securityGroup)
    : group.customGroups.includes(target.customGroup) && directory.customGroups.has(target.customGroup);
}
