/** Who effectively holds which permission (docs/product-text.md#security--permissions). */

import { oncePerPair } from "../../base/once-per.ts";
import { type Directory, PERMISSION, type SecurityGroupId, type Username } from "../model.ts";
import { type AccessIndex, indexAfter, NOBODY, type People } from "./access-index.ts";

interface Staff {
  readonly users: People;
  readonly securityGroups: Directory["securityGroups"];
}

const NONE: ReadonlySet<never> = new Set<never>();

/**
 * What a security group holds when HealthTrack sends it. `Default` has AccessWhisper unless its permissions are sent,
 * even as an empty list.
 */
export const permissionsAsSent = (
  sent: readonly string[] | undefined,
  isDefault: boolean,
): readonly string[] => sent ?? (isDefault ? [PERMISSION.access] : []);

/** The latest index. The next directory usually differs from it only slightly. */
let last = NOBODY;

const indexOf = oncePerPair((users: People, securityGroups: Directory["securityGroups"]): AccessIndex => {
  last = indexAfter(last, users, securityGroups);
  return last.index;
});

export const accessIndex = (directory: Staff): AccessIndex =>
  indexOf(directory.users, directory.securityGroups);

export const securityGroupsOf = (directory: Staff, username: Username): ReadonlySet<SecurityGroupId> =>
  accessIndex(directory).groupsOf.get(username) ?? NONE;

/** The user's own permissions and those of their security groups, whether or not they are active. */
export function effectivePermissions(directory: Staff, username: Username): ReadonlySet<string> {
  const permissions = new Set(directory.users.get(username)?.permissions);
  for (const id of securityGroupsOf(directory, username)) {
    for (const permission of directory.securityGroups.get(id)?.permissions ?? []) permissions.add(permission);
  }
  return permissions;
}

/** May sign in and use Whisper: active, with effective AccessWhisper. */
export const hasAccess = (directory: Staff, username: Username): boolean =>
  accessIndex(directory).withAccess.has(username);

/** WhisperAdmin counts only if the user holds it directly AND is in HMS-Administrator. */
export const isWhisperAdmin = (directory: Staff, username: Username): boolean =>
  accessIndex(directory).admins.has(username);

export const isActive = (directory: Pick<Directory, "users">, username: Username): boolean =>
  directory.users.get(username)?.active ?? false;
