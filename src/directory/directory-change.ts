import type { SecurityGroupId, Username } from "../policy/model.ts";
import type { ActorRecord } from "../record/acting.ts";
import type { Actor } from "../record/entry.ts";
import type { Transaction } from "../store/database.ts";
import { recordChanges } from "./change-log.ts";
import type { DirectoryProblem } from "./input/record.ts";
import { happeningsOf } from "./recorded-changes.ts";

/**
 * Called for every change of the directory, in the transaction that makes it. Never for a change that changes nothing.
 */
export interface DirectoryChanges {
  /** For whoever makes the change. */
  readonly record: ActorRecord;
  changed(tx: Transaction, change: DirectoryChange): Promise<void>;
}

/** The same, for what this actor does. */
export type ChangesBy = (actor: Actor) => ImportChanges;

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

/** Announces a change of users and groups, unless it is empty, and puts it into the record. */
export async function recordDirectoryChange(
  tx: Transaction,
  changes: DirectoryChanges,
  change: DirectoryChange,
): Promise<void> {
  const isChange = await announceChange(tx, changes, change);
  if (isChange) await changes.record.write(tx, await happeningsOf(tx, change.usernames, change.groups));
}

/**
 * Announces a change, unless it is empty, to everyone who holds the directory in memory and everyone who acts on it.
 * @returns false: it is empty.
 */
export async function announceChange(
  tx: Transaction,
  changes: DirectoryChanges,
  change: DirectoryChange,
): Promise<boolean> {
  const { usernames, groups, members = [] } = change;
  const changed = [
    ...usernames.map((subject) => ({ kind: "user", subject }) as const),
    ...groups.map((subject) => ({ kind: "security_group", subject }) as const),
    ...members.map((subject) => ({ kind: "members", subject }) as const),
  ];
  if (changed.length === 0) return false;
  await recordChanges(tx, changed, false);
  await changes.changed(tx, change);
  return true;
}
