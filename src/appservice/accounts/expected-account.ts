import type { Directory, PracticeSettings, User, UserId } from "../../policy/model.ts";
import {
  customGroupDisplayName,
  displayNameOf,
  type HandleTarget,
  securityGroupDisplayName,
  whoIs,
} from "../../policy/names/names.ts";
import { defaultName } from "../../policy/people/members.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import type { ExpectedAccount } from "./accounts.ts";

/**
 * How the account of a person or a group's handle should be. `departed`: one of ours that is no longer in the directory
 * (a deleted group's handle); it is locked, whatever its name. Null for all others.
 */
export function expectedAccount(
  directory: Directory,
  settings: PracticeSettings,
  id: UserId,
): ExpectedAccount | "departed" | null {
  const who = whoIs(settings, id, directory);
  switch (who.is) {
    case "person":
      return {
        displayName: displayNameOf(who.user),
        locked: !hasAccess(directory, who.username),
        muted: silenced(who.user),
      };
    case "group":
      return { displayName: groupName(directory, who.target), locked: false, muted: false };
    case "departed":
      return "departed";
    case "bot":
    case "stranger":
      return null;
    default:
      return who satisfies never;
  }
}

/** Keep Hidden: no notifications. Never Receive suppresses those of groups too. */
const silenced = ({ preferences }: User): boolean => preferences.keepHidden || preferences.neverReceive;

function groupName(directory: Directory, target: HandleTarget): string {
  if ("securityGroup" in target) {
    return securityGroupDisplayName({ name: directory.securityGroups.get(target.securityGroup)?.name ?? "" });
  }
  const group = directory.customGroups.get(target.customGroup);
  return customGroupDisplayName(group === undefined ? "" : (group.name ?? defaultName(directory, group)));
}
