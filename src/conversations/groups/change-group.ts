import {
  customGroupChanged,
  insertCustomGroup,
  type NewCustomGroup,
  nameCustomGroup,
  replaceSelection,
} from "../../directory/custom-groups.ts";
import type {
  ConversationId,
  CustomGroup,
  Directory,
  PracticeSettings,
  Selection,
} from "../../policy/model.ts";
import { groupHandleOf } from "../../policy/names/names.ts";
import { withHolders } from "../../policy/people/members.ts";
import { sameSelection } from "../../policy/people/selection.ts";
import type { Transaction } from "../../store/database.ts";
import { checkAccounts } from "../record/account-checks.ts";
import { checkRoom, checkRooms } from "../record/queue-checks.ts";

/**
 * Creates a custom group and queues its room and its handle. The caller holds `lockDirectory` since before the
 * decision.
 */
export async function makeCustomGroup(
  tx: Transaction,
  settings: PracticeSettings,
  group: NewCustomGroup,
): Promise<ConversationId> {
  const id = await insertCustomGroup(tx, group);
  await checkRoom(tx, id);
  await checkAccounts(tx, [groupHandleOf(settings, { customGroup: id })]);
  return id;
}

export interface GroupChange {
  readonly name?: string | null;
  readonly selection?: Selection;
}

/**
 * Writes a custom group's new name and selection, and queues what follows: its room and handle, and those of every
 * group that contains it. The caller holds `lockDirectory` since before the decision.
 * @returns false if it is already like that, and nothing was written.
 */
export async function changeGroup(
  tx: Transaction,
  settings: PracticeSettings,
  directory: Directory,
  group: CustomGroup,
  change: GroupChange,
): Promise<boolean> {
  const renamed = change.name !== undefined && change.name !== group.name;
  const { selection } = change;
  const chosenAnew = selection !== undefined && !sameSelection(group, selection);
  if (!renamed && !chosenAnew) return false;
  await nameCustomGroup(tx, group.id, renamed ? change.name : group.name);
  if (chosenAnew) await replaceSelection(tx, group.id, selection);
  else await customGroupChanged(tx, group.id);
  const touched = [...withHolders(directory, [group.id])];
  await checkRooms(tx, touched);
  await checkAccounts(
    tx,
    touched.map((customGroup) => groupHandleOf(settings, { customGroup })),
  );
  return true;
}
