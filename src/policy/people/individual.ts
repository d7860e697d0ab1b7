/** Who may write to whom in person (docs/product-text.md#s58). */

import { ALLOWED, type Directory, refused, type User, type Username, type Verdict } from "../model.ts";
import * as words from "../words.ts";
import { hasAccess } from "./permissions.ts";

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
 * Somebody who never receives and whom `writer` would reach with nobody else there, among the people of a group. A group
 * of two is an individual conversation by another name, and who cannot sign in is nobody's company. Null: there is
 * somebody to share it with, or nobody who minds. Looks no further than the second reader.
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
  // Who is without access reads everything once it is given back.
  if (reader === null) return later;
  return silent(reader) ? reader : null;
}

/** Those who may write in a group that came down to two people or fewer. Null: everybody may. */
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

/** The two in one order, whoever comes first. */
export const orderedPair = (one: Username, other: Username): readonly [Username, Username] =>
  one < other ? [one, other] : [other, one];

/** The other of the pair. */
export const otherOf = (pair: readonly [Username, Username], one: User["username"]): Username =>
  pair[0] === one ? pair[1] : pair[0];
