import type { SecurityGroupId, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { recordChanges } from "./change-log.ts";
import type { DirectoryProblem } from "./input/record.ts";

/** Told of every change of the directory, in the transaction that makes it. Never of a change that changes nothing. */
export interface DirectoryChanges {
  changed(tx: Transaction, change: DirectoryChange): Promise<void>;
}

export interface ImportChanges extends DirectoryChanges {
  /** Told after each import what of it could not be taken, also when that is nothing. */
  problems(tx: Transaction, problems: readonly DirectoryProblem[]): Promise<void>;
}

/** Whose record or membership changed, and which groups' record or members. */
export interface DirectoryChange {
  readonly usernames: readonly Username[];
  readonly groups: readonly SecurityGroupId[];
  /** Groups of which nothing changed but that some of `usernames` came or went. */
  readonly members?: readonly SecurityGroupId[];
}

/** Tells everybody of a change, unless it is none: who holds the directory in memory, and who carries it on. */
export async function announce(
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
