/**
 * The practice whose people write, and which conversation each of their choices opens: a second, much simpler version of
 * the rules.
 */
import { SAMPLE_PRACTICE } from "../../../dev/tour/sample-practice.ts";

export const PEOPLE = SAMPLE_PRACTICE.users.map(({ username }) => username);
/** Writes to others, who may not write back. */
export const NEVER_RECEIVES = "dr.solberg";

/** Whom someone chose. Groups by name. */
export interface Choice {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** Custom groups that there are from the beginning, one of them inside another. They hold whoever made them. */
export const CUSTOM_GROUPS: ReadonlyArray<Choice & { readonly name: string; readonly by: string }> = [
  { name: "Night shift", by: "grace", users: ["daniel", "grace"], groups: ["Nurses"] },
  { name: "On call", by: "ben", users: ["ben", "mia"], groups: ["Night shift", "Doctors"] },
];

const membersOf = new Map<string, readonly string[]>(
  SAMPLE_PRACTICE.security_groups.map(({ name, members }) => [name, members]),
);
for (const { name, ...choice } of CUSTOM_GROUPS) membersOf.set(name, [...peopleIn(choice)]);

/** Each of these can be chosen. */
export const GROUPS = [
  "Doctors",
  "Nurses",
  "Reception",
  "Managers",
  ...CUSTOM_GROUPS.map(({ name }) => name),
];

function peopleIn({ users, groups }: Choice): Set<string> {
  return new Set([...users, ...groups.flatMap((name) => membersOf.get(name) ?? [])]);
}

export interface Asked {
  /** The same for the same conversation. */
  readonly key: string;
  readonly members: readonly string[];
  readonly writers: readonly string[];
}

const together = ({ users, groups }: Choice): string => [...groups, ...users].toSorted().join(" + ");
const knownAs = new Map(CUSTOM_GROUPS.map((group) => [together(group), group.name]));

/** The conversation of a group that everyone who is in it knows. */
export function conversationOfGroup(name: string): Asked {
  const members = membersOf.get(name) ?? [];
  return { key: name, members, writers: members };
}

/** The conversation that a choice opens; null: it must be refused. */
export function conversationFor(by: string, choice: Choice): Asked | null {
  const { users, groups } = choice;
  const [person, group] = [users[0], groups[0]];
  if (users.length + groups.length === 1) {
    if (group !== undefined) {
      const asked = conversationOfGroup(group);
      return asked.members.includes(by) ? asked : null;
    }
    if (person === NEVER_RECEIVES || person === undefined) return null;
    const members = [by, person].toSorted();
    const writers = by === NEVER_RECEIVES ? [by] : members;
    return { key: members.join(" and "), members, writers };
  }
  const selection = peopleIn(choice).has(by) ? choice : { users: [...users, by], groups };
  const key = together(selection);
  const known = knownAs.get(key);
  if (known !== undefined) return conversationOfGroup(known);
  const members = [...peopleIn(selection)];
  return { key, members, writers: members };
}
