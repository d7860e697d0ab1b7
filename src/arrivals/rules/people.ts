import type { Directory, Username } from "../../policy/model.ts";
import { hasAccess } from "../../policy/people/permissions.ts";

/** Can the user be told something in Whisper? */
export const isReachable = (directory: Directory, username: Username): boolean =>
  directory.users.has(username) && hasAccess(directory, username);
