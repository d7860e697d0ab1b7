/** Changing a custom group: who may, and what happens then (docs/product-text.md#editing-a-message-group). */

import {
  ALLOWED,
  type ConversationId,
  type CustomGroup,
  type CustomGroupEditors,
  type Directory,
  refused,
  type Selection,
  type Username,
  type Verdict,
} from "../model.ts";
import { cannotBeGroupName } from "../names/group-names.ts";
import { reachedAlone } from "../people/individual.ts";
import {
  describePath,
  groupName,
  groupTitle,
  type MembershipPath,
  membershipPaths,
  membersOf,
  withHolders,
  wouldCycle,
} from "../people/members.ts";
import { hasAccess, isWhisperAdmin } from "../people/permissions.ts";
import { canonicalSelection, MOST_ENTRIES, selectionSize } from "../people/selection.ts";
import * as words from "../words.ts";

export function mayEditGroup(
  directory: Directory,
  editedBy: CustomGroupEditors,
  group: CustomGroup,
  editor: Username,
): Verdict {
  if (!hasAccess(directory, editor)) return refused(words.youHaveNoAccess);
  const members = membersOf(directory, group.id);
  switch (editedBy) {
    case "members":
      return members.has(editor) ? ALLOWED : refused(words.editOnlyMembers);
    case "creator":
      // Otherwise nobody could ever change a group whose creator has left.
      if (!members.has(group.createdBy)) {
        return isWhisperAdmin(directory, editor) ? ALLOWED : refused(words.editOnlyAdmins);
      }
      return editor === group.createdBy
        ? ALLOWED
        : refused(words.editOnlyCreator(directory.users.get(group.createdBy)?.name ?? words.unknownPerson));
    case "admins":
      return isWhisperAdmin(directory, editor) ? ALLOWED : refused(words.editOnlyAdmins);
  }
}

/**
 * May the editor give the group this name (null: the names of its members)? Someone who may not write may not rename:
 * everyone in the group reads its name, and so does everyone in the groups that contain it.
 */
export function mayRename(
  directory: Directory,
  editedBy: CustomGroupEditors,
  group: CustomGroup,
  editor: Username,
  name: string | null,
): Verdict {
  const may = mayEditGroup(directory, editedBy, group, editor);
  if (!may.allowed) return may;
  if (name === group.name || name === groupName(directory, group.id)) return ALLOWED;
  const reached = reachedByNames(directory, group.id, editor);
  if (reached !== null) return refused(reached);
  const taken = name === null ? null : cannotBeGroupName(directory, name);
  return taken === null ? ALLOWED : refused(taken);
}

/** May someone show the group anything else: a picture, a pinned message? */
export function mayDecorate(
  directory: Directory,
  editedBy: CustomGroupEditors,
  group: CustomGroup,
  editor: Username,
): Verdict {
  const may = mayEditGroup(directory, editedBy, group, editor);
  if (!may.allowed) return may;
  const reached = reachedAlone(directory, membersOf(directory, group.id), editor);
  return reached === null ? ALLOWED : refused(neverReceives(directory, reached));
}

/** A group's name is text too. Returns why the editor may not show it to the people who would read it, or null. */
function reachedByNames(directory: Directory, id: ConversationId, editor: Username): string | null {
  for (const each of withHolders(directory, [id])) {
    const reached = reachedAlone(directory, membersOf(directory, each), editor);
    if (reached !== null) return neverReceives(directory, reached);
  }
  return null;
}

const neverReceives = (directory: Directory, username: Username): string =>
  words.neverReceives(directory.users.get(username)?.name ?? words.unknownPerson);

export interface Edit {
  /** The new name, already tidied. */
  readonly name?: string;
  readonly add?: Partial<Selection>;
  readonly remove?: Partial<Selection>;
}

/** Someone the editor removed who is still a member through a nested group: they stay, and this says why. */
export interface Staying {
  readonly username: Username;
  readonly paths: readonly MembershipPath[];
  readonly reason: string;
}

export type Edited =
  | { readonly ok: true; readonly selection: Selection; readonly staying: readonly Staying[] }
  | { readonly ok: false; readonly reason: string };

/**
 * The group's selection after an edit, all of it or nothing. Removals come first, so anything both removed and added
 * is in. A name that the edit shows to people (a new one, or that of an added group) is judged by who is in the group
 * afterwards.
 */
export function editGroup(
  directory: Directory,
  group: CustomGroup,
  { name, add = {}, remove = {} }: Edit,
  editor: Username,
): Edited {
  const reason = cannotAdd(directory, group, add);
  if (reason !== null) return { ok: false, reason };
  const selection = canonicalSelection({
    users: changed(group.users, add.users, remove.users),
    securityGroups: changed(group.securityGroups, add.securityGroups, remove.securityGroups),
    customGroups: changed(group.customGroups, add.customGroups, remove.customGroups),
  });
  if (selectionSize(selection) > MOST_ENTRIES)
    return { ok: false, reason: words.tooManyChosen(MOST_ENTRIES) };
  const after = withGroup(directory, { ...group, ...selection });
  if (membersOf(after, group.id).size === 0) return { ok: false, reason: words.wouldBeEmpty };
  if ((name !== undefined && name !== group.name) || !isPartOf(selection, group)) {
    const reached = reachedByNames(after, group.id, editor);
    if (reached !== null) return { ok: false, reason: reached };
  }
  const staying = (remove.users ?? []).flatMap((username) => stillMember(after, group, username, selection));
  return { ok: true, selection, staying };
}

/** Does the second selection hold everything that is in the first? */
const isPartOf = (some: Selection, all: Selection): boolean =>
  some.users.every((each) => all.users.includes(each)) &&
  some.securityGroups.every((each) => all.securityGroups.includes(each)) &&
  some.customGroups.every((each) => all.customGroups.includes(each));

/** Leaving cannot be refused. It ends direct membership, even the last one. */
export const withoutMember = (group: CustomGroup, username: Username): Selection =>
  canonicalSelection({ ...group, users: group.users.filter((user) => user !== username) });

/** The directory as it will be with the group in this form. */
export const withGroup = (directory: Directory, group: CustomGroup): Directory => ({
  ...directory,
  customGroups: new Map(directory.customGroups).set(group.id, group),
});

const changed = <T>(now: readonly T[], add: readonly T[] = [], remove: readonly T[] = []): T[] => [
  ...now.filter((entry) => !remove.includes(entry)),
  ...add,
];

function cannotAdd(directory: Directory, group: CustomGroup, add: Partial<Selection>): string | null {
  for (const customGroup of add.customGroups ?? []) {
    if (wouldCycle(directory, group.id, customGroup))
      return words.groupInItself(groupTitle(directory, { customGroup }));
  }
  const added = {
    users: (add.users ?? []).filter((username) => !group.users.includes(username)),
    securityGroups: add.securityGroups ?? [],
    customGroups: add.customGroups ?? [],
  };
  return cannotChoose(directory, added);
}

/** Why part of a choice cannot be in a conversation, or null. */
export function cannotChoose(directory: Directory, chosen: Selection): string | null {
  for (const username of chosen.users) {
    const user = directory.users.get(username);
    if (user === undefined) return words.noSuchPerson;
    if (!user.active) return words.personLeft(user.name);
    if (!hasAccess(directory, username)) return words.personWithoutAccess(user.name);
  }
  const known =
    chosen.securityGroups.every((id) => directory.securityGroups.has(id)) &&
    chosen.customGroups.every((id) => directory.customGroups.has(id));
  return known ? null : words.noSuchGroup;
}

function stillMember(after: Directory, group: CustomGroup, username: Username, now: Selection): Staying[] {
  const paths = membershipPaths(after, group.id, username);
  if (paths.length === 0 || now.users.includes(username)) return [];
  const name = after.users.get(username)?.name ?? words.unknownPerson;
  const ways = words.listOfNames(paths.map((path) => describePath(after, path)));
  return [{ username, paths, reason: words.staysMember(name, ways) }];
}
