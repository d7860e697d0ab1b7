import type { SecurityGroupId, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { recordChanges } from "./change-log.ts";
import type { DirectoryProblem } from "./input/record.ts";

/**
 * Called for every change of the directory, in the transaction that makes it. Never for a change that changes nothing.
 */
export interface DirectoryChanges {
  changed(tx: Transaction, change: DirectoryChange): Promise<void>;
}

export interface ImportChanges extends DirectoryChanges {
  /** Called after each import with the problems in it, even if there are none. */
  problems(tx: Transaction, problems: readonly DirectoryProblem[]): Promise<void>;
}

/** Whose record or membership changed, and which groups' record or members. */
export interface DirectoryChange {
  readonly usernames: readonly Username[];
  readonly groups: readonly SecurityGroupId[];
  /** Groups of which only the membership of some of `usernames` changed. */
  readonly members?: readonly SecurityGroupId[];
}

/**
 * Announces a change, unless it is empty, to everyone who holds the directory in memory and everyone who acts on it.
 */
export async function recordDirectoryChange(
  tx: Transaction,
  changes: DirectoryChanges,
  change: DirectoryChange,
): Promise<void> {
  const { usernames, groups, members = [] } = change;
  const changed = [
    ...usernames.map((subject) => ({ kind: "user", subject }) as const),
    ...groups.map((subject) => ({ kind: "security_group", subject }) as const),
    ...members.map((subject) => ({ kind: "members", subject }) as const),
  ];
  if (changed.length === 0) return;
  await recordChanges(tx, changed, false);
  await changes.changed(tx, change);
}
