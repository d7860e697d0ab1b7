/** How HealthTrack's names become Matrix ids and display names, and back. */

import { isLonger } from "../../base/code-points.ts";
import { normalized } from "../../base/normalized.ts";
import { oncePer } from "../../base/once-per.ts";
import { tidyName } from "../../base/tidy-name.ts";
import type {
  ConversationId,
  Directory,
  PracticeSettings,
  SecurityGroup,
  SecurityGroupId,
  User,
  UserId,
  Username,
} from "../model.ts";
import * as words from "../words.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Matrix spec, appendices, "User identifiers": at most 255 bytes, from `@` to the end of the server name. */
const LONGEST_USER_ID = 255;
/** Synapse refuses longer display names (synapse/handlers/profile.py, MAX_DISPLAYNAME_LEN). */
const LONGEST_DISPLAY_NAME = 256;

const HANDLE = "grp_";
/** `+` is valid in a localpart, but escaping never produces it, so no security group's id can look like this. */
const CUSTOM_HANDLE = `${HANDLE}custom+`;

/** The group that a handle stands for. */
export type HandleTarget =
  | { readonly securityGroup: SecurityGroupId }
  | { readonly customGroup: ConversationId };

/** Equal for usernames that would become the same account. */
export const foldName = (name: string): string => normalized(name.toLowerCase(), "NFC");

/**
 * Matrix spec, appendices, "Mapping from other character sets": lower case, with every byte outside `a-z 0-9 . _ - /`
 * as `=` and two hex digits.
 */
export function escapeLocalpart(name: string): string {
  const folded = foldName(name);
  if (/^[a-z0-9._\-/]*$/.test(folded)) return folded;
  let escaped = "";
  for (const byte of encoder.encode(folded)) {
    const character = String.fromCharCode(byte);
    escaped += /[a-z0-9._\-/]/.test(character) ? character : `=${byte.toString(16).padStart(2, "0")}`;
  }
  return escaped;
}

/** The folded name behind a localpart, or null if escaping could not have produced it. */
export function unescapeLocalpart(localpart: string): string | null {
  if (!/^(?:[a-z0-9._\-/]|=[0-9a-f]{2})*$/.test(localpart)) return null;
  const bytes: number[] = [];
  for (const [piece] of localpart.matchAll(/=[0-9a-f]{2}|[^=]/g)) {
    bytes.push(piece.length === 3 ? Number.parseInt(piece.slice(1), 16) : piece.charCodeAt(0));
  }
  try {
    const name = decoder.decode(Uint8Array.from(bytes));
    return escapeLocalpart(name) === localpart ? name : null;
  } catch {
    return null; // not UTF-8
  }
}

const userId = (settings: PracticeSettings, localpart: string): UserId =>
  `@${settings.userPrefix}${localpart}:${settings.serverName}` as UserId;

export const userIdOf = (settings: PracticeSettings, username: Username): UserId =>
  userId(settings, escapeLocalpart(username));

export function groupHandleOf(settings: PracticeSettings, target: HandleTarget): UserId {
  return "securityGroup" in target
    ? userId(settings, HANDLE + escapeLocalpart(target.securityGroup))
    : userId(settings, CUSTOM_HANDLE + escapeLocalpart(target.customGroup));
}

/** Does Whisper look after this account, a person's or a group handle's? False for the bot itself. */
export const isOurs = (settings: PracticeSettings, id: UserId): boolean =>
  ourLocalpart(settings, id) !== null;

export const isHandle = (settings: PracticeSettings, id: UserId): boolean =>
  ourLocalpart(settings, id)?.startsWith(HANDLE) ?? false;

function ourLocalpart(settings: PracticeSettings, id: UserId): string | null {
  const start = `@${settings.userPrefix}`;
  const end = `:${settings.serverName}`;
  if (id === settings.bot || !id.startsWith(start) || !id.endsWith(end)) return null;
  if (id.length <= start.length + end.length) return null;
  return id.slice(start.length, -end.length);
}

const usernamesByLocalpart = oncePer(
  (users: Directory["users"]) => new Map([...users.keys()].map((name) => [escapeLocalpart(name), name])),
);
const securityGroupsByLocalpart = oncePer(
  (groups: Directory["securityGroups"]) => new Map([...groups.keys()].map((id) => [escapeLocalpart(id), id])),
);
const customGroupsByLocalpart = oncePer(
  (groups: Directory["customGroups"]) => new Map([...groups.keys()].map((id) => [escapeLocalpart(id), id])),
);

/** The directory's user with this account, active or not; null for handles, the bot and everyone else. */
export function usernameOf(
  settings: PracticeSettings,
  id: UserId,
  directory: Pick<Directory, "users">,
): Username | null {
  const localpart = ourLocalpart(settings, id);
  if (localpart === null || localpart.startsWith(HANDLE)) return null;
  return usernamesByLocalpart(directory.users).get(localpart) ?? null;
}

/** The group behind a handle; null if it is not a handle or its group is gone. */
export function handleTarget(
  settings: PracticeSettings,
  id: UserId,
  directory: Directory,
): HandleTarget | null {
  const localpart = ourLocalpart(settings, id);
  if (localpart === null || !localpart.startsWith(HANDLE)) return null;
  if (localpart.startsWith(CUSTOM_HANDLE)) {
    const customGroup = customGroupsByLocalpart(directory.customGroups).get(
      localpart.slice(CUSTOM_HANDLE.length),
    );
    return customGroup === undefined ? null : { customGroup };
  }
  const securityGroup = securityGroupsByLocalpart(directory.securityGroups).get(
    localpart.slice(HANDLE.length),
  );
  return securityGroup === undefined ? null : { securityGroup };
}

/** Whose account a Matrix id is. `departed`: one of ours that is no longer in the directory. */
export type Someone =
  | { readonly is: "bot" }
  | { readonly is: "person"; readonly username: Username; readonly user: User }
  | { readonly is: "group"; readonly target: HandleTarget }
  | { readonly is: "departed" }
  | { readonly is: "stranger" };

export function whoIs(settings: PracticeSettings, id: UserId, directory: Directory): Someone {
  if (id === settings.bot) return { is: "bot" };
  if (!isOurs(settings, id)) return { is: "stranger" };
  const target = handleTarget(settings, id, directory);
  if (target !== null) return { is: "group", target };
  const username = usernameOf(settings, id, directory);
  const user = username === null ? undefined : directory.users.get(username);
  return username === null || user === undefined ? { is: "departed" } : { is: "person", username, user };
}

/** Why a `departed` account cannot be chosen. */
export const notInDirectory = (settings: PracticeSettings, id: UserId): string =>
  isHandle(settings, id) ? words.noSuchGroup : words.noSuchPerson;

/** The server's name in a user id (Matrix spec, appendices, "User Identifiers"). */
export const serverOf = (user: UserId): string => user.slice(user.indexOf(":") + 1);

/** Why HealthTrack's username cannot become an account, or null if it can. */
export function cannotBeUsername(settings: PracticeSettings, username: string): string | null {
  if (username.trim() === "" || username !== username.trim()) return words.usernameBlank;
  if (!username.isWellFormed()) return words.usernameMalformed;
  if (foldName(username).startsWith(HANDLE)) return words.usernameReserved(HANDLE);
  const id = userIdOf(settings, username as Username);
  if (id === settings.bot) return words.usernameIsBot;
  return encoder.encode(id).length > LONGEST_USER_ID ? words.nameTooLong : null;
}

/** Why HealthTrack's id of a security group cannot become a handle, or null if it can. */
export function cannotBeSecurityGroupId(settings: PracticeSettings, id: string): string | null {
  if (id.trim() === "" || id !== id.trim()) return words.groupIdBlank;
  if (!id.isWellFormed()) return words.usernameMalformed;
  const handle = groupHandleOf(settings, { securityGroup: id as SecurityGroupId });
  return encoder.encode(handle).length > LONGEST_USER_ID ? words.nameTooLong : null;
}

/** Names (usernames or group ids) that would share one account, in pairs. The directory import refuses them. */
export function sameAccount(names: Iterable<string>): Array<readonly [string, string]> {
  const first = new Map<string, string>();
  const clashes: Array<readonly [string, string]> = [];
  for (const name of names) {
    const localpart = escapeLocalpart(name);
    const earlier = first.get(localpart);
    if (earlier === undefined) first.set(localpart, name);
    else if (earlier !== name) clashes.push([earlier, name]);
  }
  return clashes;
}

const shortened = (name: string): string =>
  isLonger(name, LONGEST_DISPLAY_NAME) ? `${tidyName(name, LONGEST_DISPLAY_NAME - 1)}…` : name;

/** `Dr Anna Jones · General practitioner` */
export const displayNameOf = (user: Pick<User, "name" | "role">): string =>
  shortened(user.role === null || user.role === "" ? user.name : `${user.name} · ${user.role}`);

/** `Doctors (group)` */
export const securityGroupDisplayName = (group: Pick<SecurityGroup, "name">): string =>
  shortened(words.groupHandleName(group.name));

/** `Night shift (custom group)`. For a group without a name, pass what `defaultName` returns. */
export const customGroupDisplayName = (name: string): string => shortened(words.customGroupHandleName(name));
