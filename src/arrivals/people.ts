import type { Directory, Username } from "../policy/model.ts";
import { foldName } from "../policy/names.ts";
import { oncePer } from "../policy/oncePer.ts";
import { hasAccess } from "../policy/permissions.ts";

const byFoldedName = oncePer(
  (users: Directory["users"]) => new Map([...users.keys()].map((username) => [foldName(username), username])),
);

/** The directory's spelling of a user name that HealthTrack sent with a booking; as it was sent when nobody has it. */
export const canonical = (directory: Directory, username: Username): Username =>
  byFoldedName(directory.users).get(foldName(username)) ?? username;

/** Can be told something in Whisper. */
export const isReachable = (directory: Directory, username: Username): boolean =>
  directory.users.has(username) && hasAccess(directory, username);
