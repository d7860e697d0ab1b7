import { conversationsOf } from "../policy/conversationsOf.ts";
import { withHolders } from "../policy/members.ts";
import type {
  ConversationId,
  Directory,
  Naming,
  SecurityGroupId,
  UserId,
  Username,
} from "../policy/model.ts";
import { groupHandleOf, type HandleTarget, handleTarget, userIdOf, usernameOf } from "../policy/names.ts";
import { hasAccess } from "../policy/permissions.ts";
import { type Database, onlyRow, type Queryable } from "../store/database.ts";
import { addJob, addJobs, type JobSpec } from "../store/jobs.ts";
import { conversationAbout } from "./keys.ts";
import { customGroupsAround } from "./nesting.ts";
import { ensureConversations } from "./store.ts";

/** What changed in the directory: whose accounts and which rooms must be looked at. */
export interface DirectoryChange {
  readonly usernames: readonly string[];
  readonly groups: readonly string[];
}

/** What a person waits for comes first (0); a practice's accounts and rooms come after that, accounts before rooms. */
const BEHIND = { account: 5, room: 10 } as const;

/** Queues what follows from a change of the directory, in the transaction that makes the change. */
export async function directoryChanged(tx: Queryable, change: DirectoryChange): Promise<void> {
  const { usernames, groups } = change;
  await addJob(tx, "conversations", { usernames, groups }, { queue: "conversations" });
}

/**
 * The job `conversations`: makes the conversations that must exist by themselves, and queues the accounts and the
 * rooms that a change touches. Looking at a room that agrees with the rules already costs no homeserver call.
 */
export async function followChange(
  database: Database,
  directory: Directory,
  naming: Naming,
  change: DirectoryChange,
): Promise<void> {
  const customGroups = [...customGroupsAround(directory, change)];
  const accounts: UserId[] = [
    ...change.usernames.map((username) => userIdOf(naming, username as Username)),
    ...change.groups.map((group) => groupHandleOf(naming, { securityGroup: group as SecurityGroupId })),
    // A group without a name is called after its members.
    ...customGroups.map((customGroup) => groupHandleOf(naming, { customGroup })),
  ];
  await database.transaction(async (tx) => {
    const wanted = conversationsOf(directory).flatMap((subject) =>
      subject.kind === "custom" ? [] : [conversationAbout(subject)],
    );
    await ensureConversations(tx, wanted);
    const ids = [...(await touched(tx, change)), ...customGroups];
    const held = (await allMade(tx, accounts)) ? new Set() : await stillToBeMade(tx, ids);
    await holdRooms(
      tx,
      ids.filter((id) => held.has(id)),
    );
    await checkRooms(
      tx,
      ids.filter((id) => !held.has(id)),
    );
    await checkAccounts(tx, accounts, (account) => isShutOut(directory, naming, account));
  });
}

/** Somebody who may not use their account any more. */
function isShutOut(directory: Directory, naming: Naming, account: UserId): boolean {
  const username = usernameOf(naming, account, directory);
  return username !== null && !hasAccess(directory, username);
}

/** Have all of these accounts been made already? Then nothing has to wait for them. */
async function allMade(tx: Queryable, accounts: readonly UserId[]): Promise<boolean> {
  const found = await tx.query<{ made: number }>(
    "SELECT count(*)::integer AS made FROM accounts WHERE user_id = ANY($1)",
    [accounts],
  );
  return onlyRow(found).made === accounts.length;
}

/**
 * The conversations without a room, which wait for the accounts that are to be made: nobody is in them yet. A room that
 * there is does not wait, as somebody may have to leave it. Nor does one that a job may be about to make, of people who
 * may not belong in it any more.
 */
async function stillToBeMade(
  tx: Queryable,
  ids: readonly ConversationId[],
): Promise<ReadonlySet<ConversationId>> {
  const found = await tx.query<{ id: ConversationId }>(
    `SELECT id FROM conversations c WHERE id = ANY($1) AND room_id IS NULL
       AND NOT EXISTS (SELECT FROM graphile_worker._private_jobs job WHERE job.key = 'room:' || c.id)`,
    [ids],
  );
  return new Set(found.rows.map((row) => row.id));
}

const checkRooms = (tx: Queryable, ids: readonly ConversationId[]): Promise<void> =>
  addJobs(
    tx,
    ids.map((id) => roomJob(id, BEHIND.room)),
  );

async function holdRooms(tx: Queryable, ids: readonly ConversationId[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    "INSERT INTO room_checks (conversation_id) SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING",
    [ids],
  );
}

/** Has the rooms looked at that were held until the accounts are made. */
export async function releaseRooms(tx: Queryable): Promise<void> {
  const held = await tx.query<{ conversation_id: ConversationId }>(
    "DELETE FROM room_checks RETURNING conversation_id",
  );
  await checkRooms(
    tx,
    held.rows.map((row) => row.conversation_id),
  );
}

/** Has accounts made what the directory says; those that `locks` knows to be locked before all others. */
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
  await addJob(tx, "accounts", {}, { key: "accounts", queue: "accounts", priority: BEHIND.account });
}

/** Holds the rooms that new accounts belong in; `releaseRooms` has them looked at. */
export async function holdRoomsOf(
  tx: Queryable,
  directory: Directory,
  naming: Naming,
  users: readonly UserId[],
): Promise<void> {
  const usernames: Username[] = [];
  const customGroups: ConversationId[] = [];
  for (const user of users) {
    const target = handleTarget(naming, user, directory);
    const username = usernameOf(naming, user, directory);
    if (username !== null) usernames.push(username);
    if (target !== null) customGroups.push(...holdersOf(directory, target));
  }
  const change = { usernames, groups: [] };
  await holdRooms(tx, [
    ...(await touched(tx, change)),
    ...customGroupsAround(directory, change),
    ...customGroups,
  ]);
}

/** The custom groups that a group is part of, in whose rooms its handle stands. */
function holdersOf(directory: Directory, target: HandleTarget): Iterable<ConversationId> {
  return "securityGroup" in target
    ? customGroupsAround(directory, { usernames: [], groups: [target.securityGroup] })
    : withHolders(directory, [target.customGroup]);
}

/** Has a conversation's room looked at, at once. */
export const checkRoom = (tx: Queryable, id: ConversationId): Promise<void> => addJobs(tx, [roomJob(id, 0)]);

/** Has a conversation's room looked at when nobody waits for anything else. */
export const checkRoomLater = (tx: Queryable, id: ConversationId): Promise<void> =>
  addJobs(tx, [roomJob(id, BEHIND.room)]);

export const roomJob = (id: ConversationId, priority: number): JobSpec => ({
  name: "room",
  payload: { conversation_id: id },
  key: `room:${id}`,
  queue: `room:${id}`,
  priority,
});

/**
 * The conversations but custom groups that a change may touch: the user's own and those of their groups, and those
 * that everyone is in.
 */
async function touched(db: Queryable, { usernames, groups }: DirectoryChange): Promise<ConversationId[]> {
  const found = await db.query<{ id: ConversationId }>(
    `SELECT id FROM conversations WHERE username = ANY($1)
     UNION SELECT id FROM conversations WHERE other_username = ANY($1)
     UNION SELECT id FROM conversations WHERE kind IN ('alerts', 'admin')
     UNION SELECT id FROM conversations WHERE kind = 'group' AND (security_group = ANY($2) OR security_group IN
       (SELECT group_id FROM security_group_members WHERE username = ANY($1)))`,
    [usernames, groups],
  );
  return found.rows.map((row) => row.id);
}
