import type { UserId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { AFTER_A_PERSON } from "./queue-checks.ts";

/** Accounts to bring into line with the directory, as rows that the job `accounts` follows. */

/** Queues bringing accounts into line with the directory; accounts that `locks` knows to be locked come first. */
export async function checkAccounts(
  tx: Queryable,
  users: readonly UserId[],
  locks: (user: UserId) => boolean = () => false,
): Promise<void> {
  if (users.length === 0) return;
  await tx.query(
    `INSERT INTO account_checks (user_id, locks) SELECT DISTINCT user_id, user_id = ANY($2) FROM unnest($1::text[]) AS user_id
     ON CONFLICT (user_id) DO UPDATE SET seq = DEFAULT, attempts = 0, locks = excluded.locks`,
    [users, users.filter(locks)],
  );
  await addJob(tx, "accounts", {}, { queue: "accounts", priority: AFTER_A_PERSON });
}

export interface AccountCheck {
  readonly user_id: UserId;
  readonly seq: string;
  /** It must be locked: someone must no longer be able to sign in. */
  readonly locks: boolean;
}

/** The next accounts to check, those to lock first. `failedBefore`: those that failed before, otherwise the others. */
export async function nextAccountChecks(
  db: Queryable,
  failedBefore: boolean,
  most: number,
): Promise<readonly AccountCheck[]> {
  const found = await db.query<AccountCheck & Record<string, unknown>>(
    `SELECT user_id, seq, locks FROM account_checks WHERE (attempts > 0) = $1
     ORDER BY locks DESC, attempts, seq LIMIT $2`,
    [failedBefore, most],
  );
  return found.rows;
}

/** Accounts were checked. One that was queued again meanwhile has another number, and stays. */
export async function accountsChecked(
  db: Queryable,
  done: readonly AccountCheck[],
  failed: readonly UserId[],
): Promise<void> {
  await db.query("DELETE FROM account_checks WHERE seq = ANY($1)", [done.map(({ seq }) => seq)]);
  await db.query("UPDATE account_checks SET attempts = attempts + 1 WHERE user_id = ANY($1)", [failed]);
}

/** Which of these accounts are still to be checked, or are being checked now. */
export async function accountsToCheck(db: Queryable, users: readonly UserId[]): Promise<ReadonlySet<UserId>> {
  const found = await db.query<{ user_id: UserId }>(
    "SELECT user_id FROM account_checks WHERE user_id = ANY($1)",
    [users],
  );
  return new Set(found.rows.map((row) => row.user_id));
}
