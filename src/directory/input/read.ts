import type { PracticeSettings } from "../../policy/model.ts";
import { ambiguousGroups } from "./ambiguous-groups.ts";
import { IMPLICIT_DEFAULT, isImplicit } from "./default-group.ts";
import type { StoredDirectory } from "./plan.ts";
import { readGroups } from "./read-groups.ts";
import { readUsers } from "./read-users.ts";
import type { DirectoryProblem } from "./record.ts";
import type { SentDirectory } from "./schema.ts";

/** The whole directory that the sender means: with defaults filled in, and with Default even if it was not sent. */
export interface ReadDirectory {
  readonly wanted: StoredDirectory;
  readonly problems: readonly DirectoryProblem[];
}

/** Reads what was sent, given what is known: what cannot be read stays as it is known. */
export function readDirectory(
  settings: PracticeSettings,
  sent: SentDirectory,
  stored: StoredDirectory,
): ReadDirectory {
  const { users, problems } = readUsers(settings, sent.users, stored.users);
  const read = readGroups(settings, sent.security_groups, stored.groups, users);
  const groups = new Map(read.groups);
  const sentGroups = [...groups.values()].filter((group) => !group.everyone);
  if (isImplicit(sentGroups, stored.groups)) {
    groups.set(IMPLICIT_DEFAULT.id, { ...IMPLICIT_DEFAULT, members: [...users.keys()] });
  } else if (groups.get(IMPLICIT_DEFAULT.id)?.everyone) groups.delete(IMPLICIT_DEFAULT.id);
  return {
    wanted: { users, groups },
    problems: [...problems, ...read.problems, ...ambiguousGroups(sentGroups)],
  };
}
