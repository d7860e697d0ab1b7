import type { SecurityGroupId, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { bumpRevision } from "./snapshot.ts";

/** Told of every change of the directory, in the transaction that makes it. Never of a change that changes nothing. */
export interface DirectoryChanges {
  changed(tx: Transaction, change: DirectoryChange): Promise<void>;
}

/** Whose record or membership changed, and which groups' record or members. */
export interface DirectoryChange {
  readonly usernames: readonly Username[];
  readonly groups: readonly SecurityGroupId[];
}

/** Tells everybody of a change, unless it is none: who holds the directory in memory, and who carries it on. */
export async function announce(
  tx: Transaction,
  changes: DirectoryChanges,
  change: DirectoryChange,
): Promise<void> {
  if (change.usernames.length === 0 && change.groups.length === 0) return;
  await bumpRevision(tx);
  await changes.changed(tx, change);
}
