import { isLonger } from "../../base/code-points.ts";
import { trimmed } from "../../base/trimmed.ts";
import { MOST_LISTED } from "../../config/issue-sentence.ts";
import type { Username } from "../../policy/model.ts";
import { foldName } from "../../policy/names/names.ts";
import type { DirectoryProblem } from "./record.ts";
import { MOST } from "./schema.ts";
import { isOneLine } from "./text-schema.ts";

export interface ReadMembers {
  readonly members: readonly Username[];
  readonly problems: readonly DirectoryProblem[];
}

export const UNKNOWN_MEMBER =
  "Must be the username of a user of the directory: send the user, or leave the member out";

/**
 * A group's members. Not sent: as known. A member nobody knows is left out. If one cannot be read, or none is known,
 * all previous members stay, since the unreadable one may be any of them. Without zod, since a directory may have
 * millions of members.
 * @param known the members so far.
 * @param people everyone in the practice, by `foldName`.
 */
export function readMembers(
  sent: unknown,
  path: string,
  known: readonly Username[] | null,
  people: ReadonlyMap<string, Username>,
): ReadMembers {
  const before = (known ?? []).filter((username) => people.has(foldName(username)));
  if (sent === undefined || sent === null) return { members: before, problems: [] };
  const kept = known === null ? "left out" : "as known";
  if (!Array.isArray(sent)) {
    return { members: before, problems: [{ path, message: "Must be a list of user names", kept }] };
  }
  if (sent.length > MOST.users) {
    const message = `Must have at most ${MOST.users} items`;
    return { members: before, problems: [{ path, message, kept }] };
  }
  if (sent.length === 0) return { members: [], problems: [] };
  const members = new Set<Username>();
  const problems: DirectoryProblem[] = [];
  let unreadable = false;
  for (const [index, item] of sent.entries()) {
    const name = typeof item === "string" ? trimmed(item) : "";
    const readable = name !== "" && !isLonger(name, 255) && isOneLine(name);
    const member = readable ? people.get(foldName(name)) : undefined;
    if (member !== undefined) members.add(member);
    else if (!readable) unreadable = true;
    if (member === undefined && problems.length < MOST_LISTED) {
      const message = readable ? UNKNOWN_MEMBER : "Must be a user name, as text of one line";
      problems.push({ path: `${path}[${index}]`, message, kept: readable ? "left out" : kept });
    }
  }
  // A list in which nobody is known is not a list of the practice's people.
  if (unreadable || members.size === 0) for (const username of before) members.add(username);
  return { members: [...members], problems };
}
