import type { Directory, PracticeSettings, UserId } from "../../policy/model.ts";
import {
  customGroupDisplayName,
  displayNameOf,
  type HandleTarget,
  securityGroupDisplayName,
  whoIs,
} from "../../policy/names/names.ts";
import {
  type Picture,
  pictureOfConversation,
  pictureOfPerson,
  pictureUri,
} from "../../policy/names/pictures.ts";
import { defaultName } from "../../policy/people/members.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import { isSilenced } from "../../policy/people/silenced.ts";
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
  const uri = (picture: Picture | null) =>
    picture === null ? null : pictureUri(settings.serverName, picture);
  switch (who.is) {
    case "person":
      return {
        displayName: displayNameOf(who.user),
        picture: uri(pictureOfPerson(who.username, who.user.name)),
        locked: !hasAccess(directory, who.username),
        muted: isSilenced(who.user),
      };
    case "group":
      return {
        displayName: groupName(directory, who.target),
        picture: uri(pictureOfConversation("securityGroup" in who.target ? "group" : "custom")),
        locked: false,
        muted: false,
      };
    case "departed":
      return "departed";
    case "bot":
    case "stranger":
      return null;
    default:
      return who satisfies never;
  }
}

function groupName(directory: Directory, target: HandleTarget): string {
  if ("securityGroup" in target) {
    return securityGroupDisplayName({ name: directory.securityGroups.get(target.securityGroup)?.name ?? "" });
  }
  const group = directory.customGroups.get(target.customGroup);
  return customGroupDisplayName(group === undefined ? "" : (group.name ?? defaultName(directory, group)));
}
