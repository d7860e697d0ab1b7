import { checkAccounts } from "../../conversations/record/account-checks.ts";
import { conversationAbout } from "../../conversations/record/keys.ts";
import { ensureConversations } from "../../conversations/record/store.ts";
import { type Changed, takeChanges } from "../../directory/change-log.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { conversationsAbout } from "../../policy/conversations/conversations-of.ts";
import type { Directory, PracticeSettings, SecurityGroupId, UserId, Username } from "../../policy/model.ts";
import { groupHandleOf, userIdOf, usernameOf } from "../../policy/names/names.ts";
import { customGroupsAround } from "../../policy/people/nesting.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import type { Database, Transaction } from "../../store/database.ts";
import { knownAccounts } from "../accounts/accounts.ts";
import { expectedAccount } from "../accounts/expected-account.ts";
import { checkReachedRooms } from "./reached-rooms.ts";

export interface FollowDirectoryDependencies {
  readonly database: Database;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
}

/** Changes per transaction, so that each stays small, however large an import is. */
const BATCH = 1_000;

/**
 * The job `conversations`: takes all changes of the directory that have come since it last ran, and queues the accounts
 * and rooms they affect. The cost grows with what changed, not with the practice.
 */
export async function followDirectory(dependencies: FollowDirectoryDependencies): Promise<void> {
  const follow = async (tx: Transaction) => {
    const changed = await takeChanges(tx, BATCH);
    // Loaded after they were taken, so it includes them.
    if (changed.length > 0)
      await queueReached(dependencies, tx, await dependencies.directory.fresh(), changed);
    return changed.length;
  };
  while ((await dependencies.database.transaction(follow)) === BATCH);
}

async function queueReached(
  { settings }: FollowDirectoryDependencies,
  tx: Transaction,
  directory: Directory,
  changed: readonly Changed[],
): Promise<void> {
  const subjects = <Subject extends string>(kind: Changed["kind"]): ReadonlySet<Subject> =>
    new Set(changed.flatMap((each) => (each.kind === kind ? [each.subject as Subject] : [])));
  const users = subjects<Username>("user");
  const groups = subjects<SecurityGroupId>("security_group");
  // A group gives and takes access, so it may affect everyone in it.
  const members = [...groups].flatMap((group) => directory.securityGroups.get(group)?.members ?? []);
  const userIds = new Map(
    [...users, ...members].map((username): [UserId, Username] => [userIdOf(settings, username), username]),
  );
  const handles = [
    ...[...groups].map((securityGroup) => groupHandleOf(settings, { securityGroup })),
    // A group without a name is named after its members.
    ...[...customGroupsAround(directory, { usernames: users, groups })].map((customGroup) =>
      groupHandleOf(settings, { customGroup }),
    ),
  ];
  const accounts = await knownAccounts(tx, [...userIds.keys(), ...handles]);
  const due = [...userIds.keys(), ...handles].filter((user) => {
    const expected = expectedAccount(directory, settings, user);
    return expected !== null && accounts.differ(user, expected);
  });
  const people = new Set([...users, ...due.flatMap((user) => userIds.get(user) ?? [])]);
  await ensureConversations(tx, conversationsAbout(directory, people, groups).map(conversationAbout));
  await checkReachedRooms(
    { tx, directory, settings },
    { people, groups, accounts, accountsAreDue: due.length > 0 },
  );
  await checkAccounts(tx, due, (account) => {
    const username = usernameOf(settings, account, directory);
    return username !== null && !hasAccess(directory, username);
  });
}
