import type { PracticeSettings } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { type ImportChanges, recordDirectoryChange } from "./directory-change.ts";
import { isMassLoss, type Losses, lossesOf } from "./input/guard.ts";
import { type DirectoryRefusal, invalidDirectory } from "./input/input-error.ts";
import { type DirectoryPlan, type GroupCounts, planDirectory, touchedBy } from "./input/plan.ts";
import { readDirectory } from "./input/read.ts";
import type { DirectoryProblem } from "./input/record.ts";
import type { SentDirectory } from "./input/schema.ts";
import { lockDirectory, readStoredDirectory, writePlan } from "./store.ts";

export interface ImportOptions {
  /** Only works out what would happen. */
  readonly dryRun: boolean;
  /** All or nothing: refuses a directory with anything that cannot be read. */
  readonly strict: boolean;
  /** Proceeds even if more than half of the practice lose their access, or more than half of the groups are deleted. */
  readonly allowMassDeactivation: boolean;
}

/** How many users and security groups were, or would be, treated in each way. */
export interface ImportCounts {
  readonly users: { created: number; updated: number; unchanged: number; deactivated: number };
  readonly security_groups: GroupCounts;
}

export interface Imported {
  readonly counts: ImportCounts;
  /** What could not be taken as sent. */
  readonly problems: readonly DirectoryProblem[];
  readonly losses: Losses;
  readonly membershipsLost: number;
  /** Refused unless allowed. */
  readonly massLoss: boolean;
}

/**
 * Makes the whole directory what was sent: users who are not in it become inactive, groups that are not in it are
 * deleted, and what cannot be read stays as it is known. Imports do not mix: the second waits for the first.
 */
export async function importDirectory(
  tx: Transaction,
  settings: PracticeSettings,
  changes: ImportChanges,
  sent: SentDirectory,
  options: ImportOptions,
): Promise<Imported | DirectoryRefusal> {
  if (!options.dryRun) await lockDirectory(tx);
  const stored = await readStoredDirectory(tx);
  const { wanted, problems } = readDirectory(settings, sent, stored);
  if (options.strict && problems.length > 0) {
    return invalidDirectory(problems.map(({ path, message }) => ({ path, message })));
  }

  const plan = planDirectory(stored, wanted);
  const losses = lossesOf(stored, wanted, plan);
  const massLoss = isMassLoss(losses);
  if (!options.dryRun) {
    if (massLoss && !options.allowMassDeactivation) return { refused: "mass-loss", losses };
    await writePlan(tx, plan);
    await recordDirectoryChange(tx, changes, touchedBy(plan));
    await changes.problems(tx, problems);
  }
  return { counts: countsOf(plan), problems, losses, membershipsLost: plan.left.length, massLoss };
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
