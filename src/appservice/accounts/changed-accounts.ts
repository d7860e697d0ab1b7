import { checkAccounts } from "../../conversations/record/account-checks.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Directory, PracticeSettings, UserId } from "../../policy/model.ts";
import type { Database, Queryable } from "../../store/database.ts";
import type { Homeserver } from "../homeserver/homeserver.ts";
import { type AccountAtSynapse, accountsAtSynapse, type Blocked, blocked } from "./account-state.ts";
import { accountsOf, type ExpectedAccount } from "./accounts.ts";
import { expectedAccount } from "./expected-account.ts";

export interface ChangedAccountsDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
}

/**
 * Finds accounts that someone changed in Synapse itself: erasing one takes its name and picture, and unlocking one lets
 * somebody in. They are brought into line again, except while they are deactivated. Costs one call for 500 accounts.
 */
export async function findChangedAccounts(dependencies: ChangedAccountsDependencies): Promise<void> {
  const { database, directory, homeserver, settings } = dependencies;
  for await (const page of accountsAtSynapse(homeserver)) {
    const people = await directory.fresh();
    await database.transaction(async (tx) => {
      const changed = await believe(tx, people, settings, page);
      await checkAccounts(tx, changed);
    });
  }
}

/**
 * Records what Synapse has where Whisper believed something else.
 * @returns the accounts that now differ from what they should be.
 */
export async function believe(
  db: Queryable,
  people: Directory,
  settings: PracticeSettings,
  seen: readonly AccountAtSynapse[],
): Promise<readonly UserId[]> {
  const known = await accountsOf(
    db,
    seen.map(({ user }) => user),
  );
  const changed = seen.filter((account) => {
    const row = known.get(account.user);
    return row !== undefined && !account.deactivated && hasChanged(people, settings, account, row);
  });
  if (changed.length === 0) return [];
  await db.query(
    `UPDATE accounts AS known SET display_name = s.name, picture = CASE WHEN s.bare THEN NULL ELSE known.picture END,
       locked = known.locked AND s.locked
     FROM unnest($1::text[], $2::text[], $3::boolean[], $4::boolean[]) AS s (user_id, name, bare, locked)
     WHERE known.user_id = s.user_id`,
    [
      changed.map(({ user }) => user),
      changed.map(({ displayName }) => displayName),
      changed.map(({ picture }) => picture === null),
      changed.map(({ locked }) => locked),
    ],
  );
  return changed.map(({ user }) => user);
}

function hasChanged(
  people: Directory,
  settings: PracticeSettings,
  account: AccountAtSynapse,
  believed: ExpectedAccount,
): boolean {
  const expected = expectedAccount(people, settings, account.user);
  if (expected === null) return false;
  if (believed.locked && !account.locked) return true;
  if (expected === "departed") return false;
  return (
    account.displayName !== expected.displayName || (believed.picture !== null && account.picture === null)
  );
}

/** An account that should work and does not. */
export interface BlockedAccount {
  readonly user: UserId;
  readonly why: Blocked;
}

/** The accounts of people with access, and of groups, that someone blocked in Synapse. */
export async function* blockedAccounts({
  database,
  directory,
  homeserver,
  settings,
}: ChangedAccountsDependencies): AsyncGenerator<readonly BlockedAccount[]> {
  for await (const page of accountsAtSynapse(homeserver)) {
    const people = await directory.fresh();
    const known = await accountsOf(
      database,
      page.map(({ user }) => user),
    );
    yield page.flatMap((account): readonly BlockedAccount[] => {
      const { user } = account;
      const believed = known.get(user);
      const expected = expectedAccount(people, settings, user);
      if (believed === undefined || expected === null || expected === "departed" || expected.locked)
        return [];
      const why = blocked(account, believed.locked);
      return why === null ? [] : [{ user, why }];
    });
  }
}
