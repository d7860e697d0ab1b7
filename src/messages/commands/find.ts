/** The people and groups that somebody means by what they typed. */

import { nearest } from "../../config/nearest.ts";
import { groupName, groupTitle, membersOf } from "../../policy/members.ts";
import type {
  ConversationId,
  Directory,
  Naming,
  SecurityGroupId,
  Selection,
  Username,
} from "../../policy/model.ts";
import { foldName, type HandleTarget, whoIs } from "../../policy/names.ts";
import { oncePer } from "../../policy/oncePer.ts";
import { canonicalSelection } from "../../policy/selection.ts";
import * as rules from "../../policy/words.ts";
import * as words from "../words.ts";
import { nameText, type Token, typed } from "./tokens.ts";

/** Who asks, in which practice. */
export interface Asker {
  readonly directory: Directory;
  readonly naming: Naming;
  readonly username: Username;
}

export type Found<T> =
  | { readonly ok: true; readonly found: T }
  | { readonly ok: false; readonly problem: string };
type Piece = { readonly person: Username } | { readonly group: HandleTarget };

const no = (problem: string): { readonly ok: false; readonly problem: string } => ({ ok: false, problem });
/** Names of more words than this are only found in quotes. */
const MOST_WORDS = 6;

/** Everybody and everything named, as a selection. */
export function findPieces(asker: Asker, tokens: readonly Token[]): Found<Selection> {
  const users: Username[] = [];
  const securityGroups: SecurityGroupId[] = [];
  const customGroups: ConversationId[] = [];
  for (let at = 0; at < tokens.length; ) {
    if (tokens[at]?.is === "comma") {
      at += 1;
      continue;
    }
    const next = nextPiece(asker, tokens.slice(at, at + MOST_WORDS));
    if (!next.ok) return next;
    const { piece, length } = next.found;
    if ("person" in piece) users.push(piece.person);
    else if ("securityGroup" in piece.group) securityGroups.push(piece.group.securityGroup);
    else customGroups.push(piece.group.customGroup);
    at += length;
  }
  return { ok: true, found: canonicalSelection({ users, securityGroups, customGroups }) };
}

/** The one person named; without a name: the asker. */
export function findPerson(asker: Asker, tokens: readonly Token[]): Found<Username> {
  const named = tokens.filter((token) => token.is !== "comma");
  if (named.length === 0) return { ok: true, found: asker.username };
  const next = nextPiece(asker, named);
  if (!next.ok) return next;
  const { piece, length } = next.found;
  if (!("person" in piece)) return no(words.notAPerson(typed(named)));
  return length === named.length ? { ok: true, found: piece.person } : no(words.onePersonOnly);
}

/** The piece at the start of the tokens: the longest run of words that is somebody's or something's name. */
function nextPiece(asker: Asker, tokens: readonly Token[]): Found<{ piece: Piece; length: number }> {
  const [first] = tokens;
  if (first === undefined) return no(words.namePerson);
  if (first.is === "account") {
    const piece = ofAccount(asker, first.id);
    return typeof piece === "string" ? no(piece) : { ok: true, found: { piece, length: 1 } };
  }
  const names: string[] = [];
  for (const token of tokens.slice(0, MOST_WORDS)) {
    const text = nameText(token);
    // A group's or a quoted name begins a piece of its own.
    if (text === null || (names.length > 0 && token.is !== "word")) break;
    names.push(text);
    if (token.is === "quoted") break;
  }
  for (let length = names.length; length > 0; length -= 1) {
    const meant = byName(asker, names.slice(0, length).join(" "), first.is === "group");
    const [only] = meant;
    if (meant.length > 1) return no(several(asker, meant));
    if (only !== undefined) return { ok: true, found: { piece: only, length } };
  }
  return no(unknown(asker, names[0] ?? "", first.is === "group"));
}

function ofAccount(
  { directory, naming }: Asker,
  id: Extract<Token, { is: "account" }>["id"],
): Piece | string {
  const someone = whoIs(naming, id, directory);
  switch (someone.is) {
    case "person":
      return { person: someone.username };
    case "group":
      return { group: someone.target };
    case "departed":
      return rules.noSuchGroup;
    case "bot":
    case "stranger":
      return rules.outsider;
    default:
      return someone satisfies never;
  }
}

/** Names as they are compared: capital letters, accents' spelling and what a handle's name adds do not count. */
function fold(name: string): string {
  const folded = foldName(name.trim().replace(/^@/, ""));
  const ending = HANDLE_ENDINGS.find((each) => folded.endsWith(each));
  return (ending === undefined ? folded : folded.slice(0, -ending.length)).trim();
}
/** What the display name of a group's handle ends in. */
const HANDLE_ENDINGS = [rules.groupHandleName(""), rules.customGroupHandleName("")];

const namesOf = oncePer((users: Directory["users"]) => {
  const people = new Map<string, Username[]>();
  for (const { username, name, active } of users.values()) if (active) put(people, fold(name), username);
  // A user name is one person's, so it goes before a name.
  for (const username of users.keys()) people.set(fold(username), [username]);
  return people;
});

const groupNamesOf = oncePer((groups: Directory["securityGroups"]) => {
  const named = new Map<string, SecurityGroupId[]>();
  for (const { id, name } of groups.values()) put(named, fold(name), id);
  for (const id of groups.keys()) named.set(fold(id), [id]);
  return named;
});

const customNamesOf = oncePer((directory: Directory) => {
  const named = new Map<string, ConversationId[]>();
  for (const id of directory.customGroups.keys()) put(named, fold(groupName(directory, id)), id);
  return named;
});

function put<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function byName(asker: Asker, name: string, groupsOnly: boolean): Piece[] {
  const { directory } = asker;
  const folded = fold(name);
  const people = groupsOnly ? [] : (namesOf(directory.users).get(folded) ?? []);
  if (people.length > 0) return people.map((person) => ({ person }));
  const securityGroups = groupNamesOf(directory.securityGroups).get(folded) ?? [];
  if (securityGroups.length > 0) return securityGroups.map((securityGroup) => ({ group: { securityGroup } }));
  return customGroupsCalled(asker, folded).map((customGroup) => ({ group: { customGroup } }));
}

/** The asker's own groups of that name before those of others. */
function customGroupsCalled({ directory, username }: Asker, folded: string): readonly ConversationId[] {
  const called = customNamesOf(directory).get(folded) ?? [];
  const own = called.filter((id) => membersOf(directory, id).has(username));
  return own.length > 0 ? own : called;
}

/** The custom group named by all of the tokens. */
export function findCustomGroup(asker: Asker, tokens: readonly Token[]): Found<ConversationId> {
  const target = findGroup(asker, tokens);
  if (!target.ok) return target;
  return "customGroup" in target.found
    ? { ok: true, found: target.found.customGroup }
    : no(rules.groupFromHealthTrack);
}

/** The group named by all of the tokens; a custom group before a security group. */
export function findGroup(asker: Asker, tokens: readonly Token[]): Found<HandleTarget> {
  const [first] = tokens;
  if (first === undefined) return no(words.nameGroup);
  if (first.is === "account") {
    const piece = ofAccount(asker, first.id);
    if (typeof piece === "string") return no(piece);
    return "group" in piece ? { ok: true, found: piece.group } : no(words.notAGroup(words.thisPerson));
  }
  const folded = fold(typed(tokens));
  const customGroups = customGroupsCalled(asker, folded);
  const [only] = customGroups;
  if (customGroups.length > 1)
    return no(
      several(
        asker,
        customGroups.map((customGroup) => ({ group: { customGroup } })),
      ),
    );
  if (only !== undefined) return { ok: true, found: { customGroup: only } };
  const [securityGroup] = groupNamesOf(asker.directory.securityGroups).get(folded) ?? [];
  if (securityGroup !== undefined) return { ok: true, found: { securityGroup } };
  return no(unknown(asker, typed(tokens), true));
}

function several({ directory }: Asker, meant: readonly Piece[]): string {
  const people = meant.flatMap((piece) => ("person" in piece ? [piece.person] : []));
  if (people.length > 0) return words.severalPeople(people);
  const [first] = meant.flatMap((piece) => ("group" in piece ? [groupTitle(directory, piece.group)] : []));
  return words.severalGroups(first ?? rules.emptyGroup);
}

function unknown(asker: Asker, name: string, groupsOnly: boolean): string {
  const { directory, username } = asker;
  const own = [...directory.customGroups.keys()].filter((id) => membersOf(directory, id).has(username));
  const groups = [
    ...[...directory.securityGroups.values()].map((group) => group.name),
    ...own.map((id) => groupName(directory, id)),
  ];
  const people = [...directory.users.values()]
    .filter((user) => user.active)
    .flatMap((user) => [user.username, user.name]);
  const near = nearest(name, groupsOnly ? groups : [...people, ...groups]);
  return groupsOnly ? words.unknownGroup(name, near) : words.unknownName(name, near);
}
