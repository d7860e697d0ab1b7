import type { Naming } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { announce, type DirectoryChanges } from "./changes.ts";
import { directoryErrors } from "./check.ts";
import { invalid, type Refusal } from "./input-error.ts";
import { type DirectoryPlan, type GroupCounts, planDirectory, touchedBy, wantedDirectory } from "./plan.ts";
import type { SentDirectory } from "./schema.ts";
import { lockDirectory, readDirectory, writePlan } from "./store.ts";

export interface ImportOptions {
  /** Works out what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** Goes on although more than half of the active users would be deactivated. */
  readonly allowMassDeactivation?: boolean;
}

/** How many users and security groups were, or would be, treated in which way. */
export interface ImportCounts {
  readonly users: { created: number; updated: number; unchanged: number; deactivated: number };
  readonly security_groups: GroupCounts;
}

export interface Imported extends ImportCounts {
  /** More than half of the active users: without leave it is refused. */
  readonly massDeactivation: boolean;
}

/**
 * Makes the directory what was sent, as a whole: who is not in it becomes inactive, groups that are not in it are
 * deleted. Two imports do not mix: the second waits for the first.
 */
export async function importDirectory(
  tx: Transaction,
  naming: Naming,
  changes: DirectoryChanges,
  sent: SentDirectory,
  options: ImportOptions = {},
): Promise<Imported | Refusal> {
  if (!options.dryRun) await lockDirectory(tx);
  const stored = await readDirectory(tx);
  const errors = directoryErrors(naming, sent, stored.users.keys());
  if (errors.length > 0) return invalid(errors);

  const plan = planDirectory(stored, wantedDirectory(sent));
  const active = [...stored.users.values()].filter((user) => user.active).length;
  const deactivated = plan.users.deactivated.length;
  const massDeactivation = deactivated * 2 > active;
  if (!options.dryRun) {
    if (massDeactivation && !options.allowMassDeactivation)
      return { refused: "mass-deactivation", active, deactivated };
    await writePlan(tx, plan);
    await announce(tx, changes, touchedBy(plan));
  }
  return { ...countsOf(plan), massDeactivation };
}

function countsOf({ users, groups }: DirectoryPlan): ImportCounts {
  return {
    users: {
      created: users.created.length,
      updated: users.updated.length,
      unchanged: users.unchanged,
      deactivated: users.deactivated.length,
    },
    security_groups: groups.counts,
  };
}
