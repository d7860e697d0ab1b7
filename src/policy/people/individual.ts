/** Who may write to whom in person (docs/product-text.md#s58). */

import { ALLOWED, type Directory, refused, type User, type Username, type Verdict } from "../model.ts";
import * as words from "../words.ts";
import { hasAccess } from "./permissions.ts";

/**
 * May one person write to another in their individual conversation? Someone who never receives may still write; the
 * other cannot reply.
 */
export function mayWrite(directory: Directory, from: Username, to: Username): Verdict {
  if (from === to) return refused(words.toYourself);
  if (!directory.users.get(from)?.active) return refused(words.youLeft);
  if (!hasAccess(directory, from)) return refused(words.youHaveNoAccess);
  const reader = directory.users.get(to);
  if (reader === undefined) return refused(words.personLeft(words.unknownPerson));
  if (!reader.active) return refused(words.personLeft(reader.name));
  // Checked before missing access: this answer stays true when access is given back.
  if (reader.preferences.neverReceive) return refused(words.neverReceives(reader.name));
  if (!hasAccess(directory, to)) return refused(words.personWithoutAccess(reader.name));
  return ALLOWED;
}

/** Which of the pair may write: none, one or both. */
export function writersOf(directory: Directory, [one, other]: readonly [Username, Username]): Username[] {
  const writers: Username[] = [];
  if (mayWrite(directory, one, other).allowed) writers.push(one);
  if (mayWrite(directory, other, one).allowed) writers.push(other);
  return writers;
}

/**
 * Someone who never receives and whom `writer` would reach alone among the people of a group. A group of two is an
 * individual conversation by another name, and people who cannot sign in do not count as company. Null: there is
 * company, or nobody who never receives. Stops at the second reader.
 */
export function reachedAlone(
  directory: Directory,
  people: Iterable<Username>,
  writer: Username,
): Username | null {
  const silent = (person: Username) => directory.users.get(person)?.preferences.neverReceive ?? false;
  let reader: Username | null = null;
  let later: Username | null = null;
  for (const person of people) {
    if (person === writer) continue;
    if (hasAccess(directory, person)) {
      if (reader !== null) return null;
      reader = person;
    } else if (later === null && silent(person)) later = person;
  }
  // Someone without access reads everything once access is given back.
  if (reader === null) return later;
  return silent(reader) ? reader : null;
}

/** Who may write in a group that has come down to two people or fewer. Null: everyone may. */
export function writersOfFew(directory: Directory, people: ReadonlySet<Username>): Username[] | null {
  const present: Username[] = [];
  for (const person of people) {
    if (!hasAccess(directory, person)) continue;
    present.push(person);
    if (present.length > 2) return null;
  }
  const writers = present.filter((person) => reachedAlone(directory, people, person) === null);
  return writers.length === present.length ? null : writers;
}

/** The two in a fixed order, whichever comes first. */
export const orderedPair = (one: Username, other: Username): readonly [Username, Username] =>
  one < other ? [one, other] : [other, one];

/** The other one of the pair. */
export const otherOf = (pair: readonly [Username, Username], one: User["username"]): Username =>
  pair[0] === one ? pair[1] : pair[0];
