import { lockDirectory } from "../../directory/store.ts";
import { editGroup, mayEditGroup, type Staying } from "../../policy/conversations/editing.ts";
import type {
  ConversationId,
  ConversationKind,
  CustomGroup,
  Directory,
  PracticeSettings,
  Selection,
  Username,
} from "../../policy/model.ts";
import { cannotBeGroupName, tidyGroupName } from "../../policy/names/group-names.ts";
import { selectionAsKnown, usernameAsKnown } from "../../policy/names/spelling.ts";
import { groupTitle, wouldCycle } from "../../policy/people/members.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import * as words from "../../policy/words.ts";
import type { Transaction } from "../../store/database.ts";
import type { ConversationDependencies } from "../record/dependencies.ts";
import { conflict, forbidden, invalid, type Refusal } from "../record/refusal.ts";
import { conversationById } from "../record/store.ts";
import { unknownAsker, unknownEntry } from "../record/unknown-names.ts";
import { changeGroup } from "./change-group.ts";
import { NAME, partsOf, rememberEdits } from "./edit-times.ts";

export interface EditRequest {
  readonly as: Username;
  readonly name?: string;
  readonly add: Selection;
  readonly remove: Selection;
}

export interface EditDone {
  /** People the editor removed who are still members through a nested group. */
  readonly staying: readonly Staying[];
  /** What was to be added and was already in the group, or was to be removed and was not in it. */
  readonly unchanged: Selection;
}

/** Renames a custom group, adds to it and removes from it, all of it or nothing. Its room follows. */
export async function editConversation(
  dependencies: ConversationDependencies,
  tx: Transaction,
  id: ConversationId,
  asked: EditRequest,
): Promise<EditDone | Refusal> {
  const stored = await conversationById(tx, id);
  if (stored === null) return { refused: "unknown" };
  const { kind } = stored.conversation;
  if (kind !== "custom") return conflict(whyFixed(kind));
  await lockDirectory(tx);
  const directory = await dependencies.directory.within(tx);
  const group = directory.customGroups.get(id);
  if (group === undefined) return { refused: "unknown" };
  const request: EditRequest = {
    ...asked,
    as: usernameAsKnown(directory, asked.as),
    add: selectionAsKnown(directory, asked.add),
    remove: selectionAsKnown(directory, asked.remove),
  };
  const refusal = refuse(dependencies.settings.customGroupsEditedBy, directory, group, request);
  if (refusal !== null) return refusal;
  const { add, remove } = request;
  const name = tidyGroupName(request.name ?? null);
  const result = editGroup(directory, group, { add, remove, ...(name === null ? {} : { name }) }, request.as);
  if (!result.ok) return conflict(result.reason);
  const named = name === null ? [] : [NAME];
  await rememberEdits(tx, id, [...named, ...partsOf(add), ...partsOf(remove)], dependencies.now().getTime());
  await changeGroup(tx, dependencies.settings, directory, group, {
    selection: result.selection,
    ...(name === null ? {} : { name }),
  });
  return { staying: result.staying, unchanged: unchanged(group, add, remove) };
}

function unchanged(group: CustomGroup, add: Selection, remove: Selection): Selection {
  const same = <Entry>(now: readonly Entry[], added: readonly Entry[], removed: readonly Entry[]) => [
    ...added.filter((entry) => now.includes(entry)),
    ...removed.filter((entry) => !now.includes(entry)),
  ];
  return {
    users: same(group.users, add.users, remove.users),
    securityGroups: same(group.securityGroups, add.securityGroups, remove.securityGroups),
    customGroups: same(group.customGroups, add.customGroups, remove.customGroups),
  };
}

function refuse(
  editedBy: PracticeSettings["customGroupsEditedBy"],
  directory: Directory,
  group: CustomGroup,
  { as, name, add, remove }: EditRequest,
): Refusal | null {
  const unknown =
    unknownAsker(directory, as) ?? unknownEntry(directory, add, "add.") ?? unknownUser(directory, remove);
  if (unknown !== null) return unknown;
  const may = mayEditGroup(directory, editedBy, group, as);
  if (!may.allowed) return forbidden(may.reason);
  const unfit = name === undefined ? null : unfitName(directory, group, name);
  if (unfit !== null) return unfit;
  for (const username of add.users) {
    const user = directory.users.get(username);
    if (user === undefined || group.users.includes(username)) continue;
    if (!user.active) return forbidden(words.personLeft(user.name));
    if (!hasAccess(directory, username)) return forbidden(words.personWithoutAccess(user.name));
  }
  const circle = add.customGroups.find((customGroup) => wouldCycle(directory, group.id, customGroup));
  return circle === undefined
    ? null
    : conflict(words.groupInItself(groupTitle(directory, { customGroup: circle })));
}

function unfitName(directory: Directory, group: CustomGroup, given: string): Refusal | null {
  const name = tidyGroupName(given);
  if (name === null) return invalid("name", words.nameMissing);
  const taken = name === group.name ? null : cannotBeGroupName(directory, name);
  return taken === null ? null : forbidden(taken);
}

/** Groups that no longer exist can still be removed; a user name that never existed is a mistake. */
const unknownUser = (directory: Directory, { users }: Selection): Refusal | null =>
  unknownEntry(directory, { users, securityGroups: [], customGroups: [] }, "remove.");

/** Why a conversation that is not a custom group keeps its name and members. */
export function whyFixed(kind: Exclude<ConversationKind, "custom">): string {
  switch (kind) {
    case "individual":
      return words.pairOnly;
    case "group":
      return words.groupFromHealthTrack;
    case "alerts":
    case "arrivals":
    case "control":
    case "admin":
      return words.nobodyJoinsHere;
    default:
      return kind satisfies never;
  }
}
