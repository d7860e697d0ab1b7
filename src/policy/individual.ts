/** Who may write to whom in person (product text, "Never Receive Messages"). */

import { ALLOWED, type Directory, refused, type User, type Username, type Verdict } from "./model.ts";
import { hasAccess } from "./permissions.ts";
import * as words from "./words.ts";

/**
 * May one person write to another in their individual conversation? Someone who never receives may still write:
 * it is the other who cannot reply.
 */
export function mayWrite(directory: Directory, from: Username, to: Username): Verdict {
  if (from === to) return refused(words.toYourself);
  if (!directory.users.get(from)?.active) return refused(words.youLeft);
  if (!hasAccess(directory, from)) return refused(words.youHaveNoAccess);
  const reader = directory.users.get(to);
  if (reader === undefined) return refused(words.personLeft(words.unknownPerson));
  if (!reader.active) return refused(words.personLeft(reader.name));
  // Never-receive before missing access: this answer stays true when access is given back.
  if (reader.preferences.neverReceive) return refused(words.neverReceives(reader.name));
  if (!hasAccess(directory, to)) return refused(words.personWithoutAccess(reader.name));
  return ALLOWED;
}

/** Those of the pair who may write: none, one or both. */
export function writersOf(directory: Directory, [one, other]: readonly [Username, Username]): Username[] {
  const writers: Username[] = [];
  if (mayWrite(directory, one, other).allowed) writers.push(one);
  if (mayWrite(directory, other, one).allowed) writers.push(other);
  return writers;
}

/**
 * A custom group of just two people is an individual conversation by another name: a reader who never receives
 * is not reached by it either. Null: the group is larger, or both receive, so everybody writes.
 */
export function writersOfTwo(directory: Directory, people: ReadonlySet<Username>): Username[] | null {
  const [one, other] = people;
  if (people.size !== 2 || one === undefined || other === undefined) return null;
  const silent = (username: Username) => directory.users.get(username)?.preferences.neverReceive ?? false;
  if (!silent(one) && !silent(other)) return null;
  return [one, other].filter((writer) => !silent(writer === one ? other : one));
}

/** The two in one order, whoever comes first. */
export const orderedPair = (one: Username, other: Username): readonly [Username, Username] =>
  one < other ? [one, other] : [other, one];

/** The other of the pair. */
export const otherOf = (pair: readonly [Username, Username], one: User["username"]): Username =>
  pair[0] === one ? pair[1] : pair[0];
