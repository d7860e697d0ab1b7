/** Finds the people and groups that someone means by what they typed. */

import { nearest } from "../base/nearest.ts";
import { oncePer } from "../base/once-per.ts";
import * as words from "../messages/words.ts";
import type {
  ConversationId,
  Directory,
  PracticeSettings,
  SecurityGroupId,
  Selection,
  Username,
} from "../policy/model.ts";
import { displayNameOf, type HandleTarget, notInDirectory, whoIs } from "../policy/names/names.ts";
import { groupName, groupTitle, membersOf } from "../policy/people/members.ts";
import { canonicalSelection } from "../policy/people/selection.ts";
import * as rules from "../policy/words.ts";
import { exactSpelling, looseSpelling, splitTitle, type Titled, titlesAgree } from "./spelling.ts";
import { nameText, type Token, typed } from "./tokens.ts";

/** Who asks, and in which practice. */
export interface Asker {
  readonly directory: Directory;
  readonly settings: PracticeSettings;
  readonly username: Username;
}

export type Found<T> =
  | { readonly ok: true; readonly found: T }
  | { readonly ok: false; readonly problem: string };
type Entry = { readonly person: Username } | { readonly group: HandleTarget };

const QUOTATION = /["“”„‟«»‹›「」『』＂]/u;
const nameOf = (directory: Directory, entry: Entry): string =>
  "person" in entry ? (directory.users.get(entry.person)?.name ?? "") : groupTitle(directory, entry.group);

const no = (problem: string): { readonly ok: false; readonly problem: string } => ({ ok: false, problem });
/**
 * Names of more words than this, including the role that clients show after them, are found only in quotation marks.
 */
const MOST_WORDS = 20;

/** Everyone and everything named, as a selection. */
export function findSelection(asker: Asker, tokens: readonly Token[]): Found<Selection> {
  const users: Username[] = [];
  const securityGroups: SecurityGroupId[] = [];
  const customGroups: ConversationId[] = [];
  for (let at = 0; at < tokens.length; ) {
    if (isBetween(tokens[at])) {
      at += 1;
      continue;
    }
    const next = nextEntry(asker, tokens.slice(at, at + MOST_WORDS));
    if (!next.ok) return next;
    const { entry, length } = next.found;
    if ("person" in entry) users.push(entry.person);
    else if ("securityGroup" in entry.group) securityGroups.push(entry.group.securityGroup);
    else customGroups.push(entry.group.customGroup);
    at += length;
  }
  return { ok: true, found: canonicalSelection({ users, securityGroups, customGroups }) };
}

/** A comma, an `and`, or the question mark after a mention: not part of a name. */
const isBetween = (token: Token | undefined): boolean =>
  token?.is === "comma" || (token?.is === "word" && /^[.:!?…·]+$/.test(token.text));

const withoutEnds = (tokens: readonly Token[]): readonly Token[] => {
  const first = tokens.findIndex((token) => !isBetween(token));
  return first === -1 ? [] : tokens.slice(first, tokens.findLastIndex((token) => !isBetween(token)) + 1);
};

/** The one person named; without a name, the asker. */
export function findPerson(asker: Asker, tokens: readonly Token[]): Found<Username> {
  const named = withoutEnds(tokens);
  if (named.length === 0) return { ok: true, found: asker.username };
  const next = nextEntry(asker, named);
  if (!next.ok) return next;
  const { entry, length } = next.found;
  if (!("person" in entry)) return no(words.notAPerson(typed(named)));
  return length === named.length ? { ok: true, found: entry.person } : no(words.onePersonOnly);
}

/** The person or group at the start of the tokens: the longest run of words that names someone or something. */
function nextEntry(asker: Asker, tokens: readonly Token[]): Found<{ entry: Entry; length: number }> {
  const [first] = tokens;
  if (first === undefined) return no(words.namePerson);
  if (first.is === "account") {
    const entry = ofAccount(asker, first.id);
    return typeof entry === "string" ? no(entry) : { ok: true, found: { entry, length: 1 } };
  }
  const names: string[] = [];
  for (const token of tokens.slice(0, MOST_WORDS)) {
    // A role may contain a comma or an `and`, and a name a nickname in quotation marks; a group begins a new name.
    const text = token.is === "comma" ? token.text : nameText(token);
    if (text === null || (names.length > 0 && token.is === "group")) break;
    names.push(text);
  }
  for (let length = names.length; length > 0; length -= 1) {
    if (tokens[length - 1]?.is === "comma") continue;
    const named = byName(asker, names.slice(0, length).join(" "), first.is === "group");
    // What is quoted is a name by itself, unless the quotation marks are part of the name that was meant.
    const quotes = length > 1 && tokens.slice(0, length).some((token) => token.is === "quoted");
    const meant = quotes ? named.filter((entry) => QUOTATION.test(nameOf(asker.directory, entry))) : named;
    const [only] = meant;
    if (meant.length > 1) return no(several(asker, meant));
    if (only !== undefined) return { ok: true, found: { entry: only, length } };
  }
  return no(unknown(asker, names[0] ?? "", first.is === "group"));
}

function ofAccount(
  { directory, settings }: Asker,
  id: Extract<Token, { is: "account" }>["id"],
): Entry | string {
  const someone = whoIs(settings, id, directory);
  switch (someone.is) {
    case "person":
      return { person: someone.username };
    case "group":
      return { group: someone.target };
    case "departed":
      return notInDirectory(settings, id);
    case "bot":
    case "stranger":
      return rules.outsider;
    default:
      return someone satisfies never;
  }
}

const namesOf = oncePer((users: Directory["users"]) => {
  const people = new Map<string, Username[]>();
  for (const { username, name, active } of users.values())
    if (active) put(people, exactSpelling(name), username);
  // A user name belongs to one person, so it is tried before names.
  for (const username of users.keys()) people.set(exactSpelling(username), [username]);
  return people;
});

interface LooseName extends Titled {
  readonly username: Username;
}

/** People by their names without titles, and by their last names, compared loosely. */
const looseNamesOf = oncePer((users: Directory["users"]) => {
  const whole = new Map<string, LooseName[]>();
  const last = new Map<string, LooseName[]>();
  for (const user of users.values()) {
    if (!user.active) continue;
    const { username } = user;
    const name = splitTitle(looseSpelling(user.name));
    const all = new Set([
      name.name,
      splitTitle(looseSpelling(displayNameOf(user))).name,
      looseSpelling(username),
    ]);
    for (const key of all) put(whole, key, { ...name, username });
    put(last, name.name.split(" ").at(-1) ?? "", { ...name, username });
  }
  return { whole, last };
});

/** People who may be meant even though their name is spelt differently or lacks its title; also `Dr Nair`. */
function looselyCalled(users: Directory["users"], name: string): Username[] {
  const { title, name: rest } = splitTitle(looseSpelling(name));
  if (rest === "") return [];
  const { whole, last } = looseNamesOf(users);
  const called = (named: ReadonlyMap<string, LooseName[]>) =>
    (named.get(rest) ?? []).filter((each) => titlesAgree(each.title, title)).map(({ username }) => username);
  const usernames = whole.get(looseSpelling(name))?.map(({ username }) => username) ?? [];
  const all = usernames.length > 0 ? usernames : called(whole);
  return all.length > 0 || title === null ? all : called(last);
}

interface GroupNames<Id> {
  readonly exact: ReadonlyMap<string, Id[]>;
  readonly loose: ReadonlyMap<string, Id[]>;
}

const groupNamesOf = oncePer((groups: Directory["securityGroups"]): GroupNames<SecurityGroupId> => {
  const [exact, loose] = [new Map<string, SecurityGroupId[]>(), new Map<string, SecurityGroupId[]>()];
  for (const { id, name } of groups.values()) {
    put(exact, exactSpelling(name), id);
    put(loose, looseSpelling(name), id);
  }
  for (const id of groups.keys()) exact.set(exactSpelling(id), [id]);
  return { exact, loose };
});

const customNamesOf = oncePer((directory: Directory): GroupNames<ConversationId> => {
  const [exact, loose] = [new Map<string, ConversationId[]>(), new Map<string, ConversationId[]>()];
  for (const id of directory.customGroups.keys()) {
    const name = groupName(directory, id);
    put(exact, exactSpelling(name), id);
    put(loose, looseSpelling(name), id);
  }
  return { exact, loose };
});

function called<Id>({ exact, loose }: GroupNames<Id>, name: string): readonly Id[] {
  const same = exact.get(exactSpelling(name)) ?? [];
  const key = looseSpelling(name);
  return same.length > 0 || key === "" ? same : (loose.get(key) ?? []);
}

function put<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function byName(asker: Asker, name: string, groupsOnly: boolean): Entry[] {
  const { directory } = asker;
  const exact = groupsOnly ? [] : (namesOf(directory.users).get(exactSpelling(name)) ?? []);
  if (exact.length > 0) return exact.map((person) => ({ person }));
  const securityGroups = called(groupNamesOf(directory.securityGroups), name);
  if (securityGroups.length > 0) return securityGroups.map((securityGroup) => ({ group: { securityGroup } }));
  const customGroups = customGroupsCalled(asker, name);
  if (customGroups.length > 0) return customGroups.map((customGroup) => ({ group: { customGroup } }));
  return groupsOnly ? [] : looselyCalled(directory.users, name).map((person) => ({ person }));
}

/** The asker's own groups with that name before those of others. */
function customGroupsCalled({ directory, username }: Asker, name: string): readonly ConversationId[] {
  const all = called(customNamesOf(directory), name);
  const own = all.filter((id) => membersOf(directory, id).has(username));
  return own.length > 0 ? own : all;
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
    const entry = ofAccount(asker, first.id);
    if (typeof entry === "string") return no(entry);
    return "group" in entry ? { ok: true, found: entry.group } : no(words.notAGroup(words.thisPerson));
  }
  const name = typed(tokens);
  const customGroups = customGroupsCalled(asker, name);
  const [only] = customGroups;
  if (customGroups.length > 1)
    return no(
      several(
        asker,
        customGroups.map((customGroup) => ({ group: { customGroup } })),
      ),
    );
  if (only !== undefined) return { ok: true, found: { customGroup: only } };
  const [securityGroup] = called(groupNamesOf(asker.directory.securityGroups), name);
  if (securityGroup !== undefined) return { ok: true, found: { securityGroup } };
  return no(unknown(asker, name, true));
}

function several({ directory }: Asker, meant: readonly Entry[]): string {
  const people = meant.flatMap((entry) => ("person" in entry ? [entry.person] : []));
  if (people.length > 0) return words.severalPeople(people);
  const [first] = meant.flatMap((entry) => ("group" in entry ? [groupTitle(directory, entry.group)] : []));
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
