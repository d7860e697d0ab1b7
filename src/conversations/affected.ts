import { conversationsOf } from "../policy/conversationsOf.ts";
import type {
  ConversationId,
  Directory,
  Naming,
  SecurityGroupId,
  UserId,
  Username,
} from "../policy/model.ts";
import { groupHandleOf, type HandleTarget, handleTarget, userIdOf, usernameOf } from "../policy/names.ts";
import type { Database, Queryable } from "../store/database.ts";
import { addJob, addJobs, type JobSpec } from "../store/jobs.ts";
import { conversationAbout } from "./keys.ts";
import { customGroupsAround, withHolders } from "./nesting.ts";
import { ensureConversations } from "./store.ts";

/** What changed in the directory: whose accounts and which rooms must be looked at. */
export interface DirectoryChange {
  readonly usernames: readonly string[];
  readonly groups: readonly string[];
}

/** What a person waits for comes first (0); a practice's accounts and rooms come after that, accounts before rooms. */
const BEHIND = { account: 5, room: 10 } as const;
/** Rooms of many new accounts are looked at together, not once for each. */
const GATHER = 400;

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
    await addJobs(tx, accounts.map(accountJob));
    const ids = [...(await touched(tx, change)), ...customGroups];
    await addJobs(
      tx,
      ids.map((id) => roomJob(id, BEHIND.room)),
    );
  });
}

/** Has the rooms looked at that a new account belongs in. */
export async function accountMade(
  tx: Queryable,
  directory: Directory,
  naming: Naming,
  user: UserId,
): Promise<void> {
  const username = usernameOf(naming, user, directory);
  const change = { usernames: username === null ? [] : [username], groups: [] };
  const target = handleTarget(naming, user, directory);
  const customGroups = target === null ? customGroupsAround(directory, change) : holdersOf(directory, target);
  const ids = [...(username === null ? [] : await touched(tx, change)), ...customGroups];
  const soon = new Date(Date.now() + GATHER);
  await addJobs(
    tx,
    ids.map((id) => roomJob(id, BEHIND.room, soon)),
  );
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

export const accountJob = (user: UserId): JobSpec => ({
  name: "account",
  payload: { user_id: user },
  key: `account:${user}`,
  queue: `account:${user}`,
  priority: BEHIND.account,
});

export const roomJob = (id: ConversationId, priority: number, runAt?: Date): JobSpec => ({
  name: "room",
  payload: { conversation_id: id },
  key: `room:${id}`,
  queue: `room:${id}`,
  priority,
  ...(runAt && { runAt }),
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
