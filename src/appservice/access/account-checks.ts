import {
  type AccountCheck,
  accountsChecked,
  nextAccountChecks,
} from "../../conversations/record/account-checks.ts";
import { releaseRooms } from "../../conversations/record/room-checks.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { syncAccounts, type WantedAccount } from "../accounts/accounts.ts";
import { expectedAccount } from "../accounts/expected-account.ts";
import type { Homeserver } from "../homeserver/homeserver.ts";
import { holdRoomsOf } from "./reached-rooms.ts";

export interface AccountCheckDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  /** For accounts that nobody waits for: someone who signs in gets theirs made immediately (sign-in.ts). */
  readonly behind: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
}

const BATCH = 200;

/**
 * The job `accounts`: brings every due account into line with the directory, then queues the rooms that wait for them.
 * Only one such job runs at a time, so two changes of one account never happen in the wrong order. An account that
 * fails does not stop the others; it is retried with the job.
 */
export async function drainAccounts(dependencies: AccountCheckDependencies): Promise<void> {
  const { database } = dependencies;
  const next = (failedBefore: boolean) => nextAccountChecks(database, failedBefore, BATCH);
  for (let due = await next(false); due.length > 0; due = await next(false)) await check(dependencies, due);
  await database.transaction(releaseRooms);
  const failing = await check(dependencies, await next(true));
  if (failing !== undefined) throw failing;
}

/** @returns those that failed, and why. */
async function sync(
  { database, directory, settings }: AccountCheckDependencies,
  homeserver: Homeserver,
  due: readonly AccountCheck[],
): Promise<ReadonlyMap<UserId, unknown>> {
  const people = await directory.fresh();
  const wanted = new Map<UserId, WantedAccount>();
  for (const { user_id } of due) {
    const account = expectedAccount(people, settings, user_id);
    if (account !== null) wanted.set(user_id, account);
  }
  if (wanted.size === 0) return new Map();
  return syncAccounts(database, homeserver, wanted, (tx, made) =>
    holdRoomsOf({ tx, directory: people, settings }, made),
  );
}

/** @returns the first error, if any failed. */
async function check(dependencies: AccountCheckDependencies, due: readonly AccountCheck[]): Promise<unknown> {
  if (due.length === 0) return undefined;
  const { database } = dependencies;
  const locking = due.filter(({ locks }) => locks);
  const others = due.filter(({ locks }) => !locks);
  const failed = new Map([
    ...(await sync(dependencies, dependencies.homeserver, locking)),
    ...(await sync(dependencies, dependencies.behind, others)),
  ]);
  const done = due.filter(({ user_id }) => !failed.has(user_id));
  await accountsChecked(database, done, [...failed.keys()]);
  return [...failed.values()][0];
}
