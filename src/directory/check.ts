import type { Naming } from "../policy/model.ts";
import { DEFAULT_GROUP } from "../policy/model.ts";
import { cannotBeSecurityGroupId, cannotBeUsername, sameAccount } from "../policy/names.ts";
import { isDefaultGroup } from "./default-group.ts";
import type { InputError } from "./input-error.ts";
import type { SentDirectory } from "./schema.ts";

/**
 * What is wrong between the parts of a directory that are each right by themselves. `known`: user names that are in the
 * database; their accounts stay, also of those that are not sent any more.
 */
export function directoryErrors(naming: Naming, sent: SentDirectory, known: Iterable<string>): InputError[] {
  const usernames = sent.users.map((user) => user.username);
  const ids = sent.security_groups.map((group) => group.id);
  const inUsers = (index: number) => `users[${index}].username`;
  const inGroups = (index: number) => `security_groups[${index}].id`;
  // Default exists also when it is not sent, so its account is taken.
  const implicit = sent.security_groups.some(isDefaultGroup) ? [] : [DEFAULT_GROUP];
  return [
    ...unfitNames(usernames, inUsers, (name) => cannotBeUsername(naming, name)),
    ...repeatedNames(usernames, inUsers),
    ...clashes(usernames, known, inUsers),
    ...unfitNames(ids, inGroups, (id) => cannotBeSecurityGroupId(naming, id)),
    ...repeatedNames(ids, inGroups),
    ...clashes(ids, implicit, inGroups),
    ...sent.security_groups.flatMap((group, index) =>
      unknownMembers(group.members, new Set(usernames), `security_groups[${index}].members`),
    ),
  ];
}

/** Members that are nobody, by their place in the list. */
export function unknownMembers(
  members: readonly string[],
  users: ReadonlySet<string>,
  path: string,
): InputError[] {
  return members.flatMap((member, index) =>
    users.has(member)
      ? []
      : [{ path: `${path}[${index}]`, message: "Must be the username of a user of the directory" }],
  );
}

/** Why a name cannot join those that are known, or nothing. */
export function nameErrors(
  name: string,
  known: Iterable<string>,
  path: string,
  unfit: (name: string) => string | null,
): InputError[] {
  return [...unfitNames([name], () => path, unfit), ...clashes([name], known, () => path)];
}

type PathOf = (index: number) => string;

function unfitNames(
  names: readonly string[],
  path: PathOf,
  unfit: (name: string) => string | null,
): InputError[] {
  return names.flatMap((name, index) => {
    const message = unfit(name);
    return message === null ? [] : [{ path: path(index), message }];
  });
}

function repeatedNames(names: readonly string[], path: PathOf): InputError[] {
  const first = new Map<string, number>();
  return names.flatMap((name, index) => {
    const earlier = first.get(name);
    if (earlier !== undefined)
      return [{ path: path(index), message: `Is there already, as ${path(earlier)}` }];
    first.set(name, index);
    return [];
  });
}

/** Names that differ, but not enough to be two accounts: capital letters do not count in Matrix. */
function clashes(names: readonly string[], known: Iterable<string>, path: PathOf): InputError[] {
  const places = new Map(names.map((name, index) => [name, index]));
  return sameAccount([...known, ...names]).flatMap(([one, other]) => {
    const index = places.get(other) ?? places.get(one);
    if (index === undefined) return [];
    const against = places.has(other) ? places.get(one) : undefined;
    const whom = against === undefined ? "one that is known already" : path(against);
    return [
      {
        path: path(index),
        message: `Would be the same Matrix account as ${whom}: capital letters do not count`,
      },
    ];
  });
}
