import { conversationsOf } from "../policy/conversationsOf.ts";
import type { ConversationId, Directory, Naming, SecurityGroupId, UserId, Username } from "../policy/model.ts";
import { groupHandleOf, userIdOf } from "../policy/names.ts";
import type { Database, Queryable } from "../store/database.ts";
import { addJob, addJobs, type JobSpec } from "../store/jobs.ts";
import { conversationAbout } from "./keys.ts";
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
  const accounts: UserId[] = [
    ...change.usernames.map((username) => userIdOf(naming, username as Username)),
    ...change.groups.map((group) => groupHandleOf(naming, { securityGroup: group as SecurityGroupId })),
  ];
  await database.transaction(async (tx) => {
    const wanted = conversationsOf(directory).flatMap((subject) =>
      subject.kind === "custom" ? [] : [conversationAbout(subject)],
    );
    await ensureConversations(tx, wanted);
    await addJobs(tx, accounts.map(accountJob));
    await addJobs(tx, (await touched(tx, change)).map((id) => roomJob(id, BEHIND.room)));
  });
}

/** Has the rooms looked at that a new account belongs in; a group's handle (no username) may stand in any custom group. */
export async function accountMade(tx: Queryable, username: Username | null): Promise<void> {
  const soon = new Date(Date.now() + GATHER);
  const ids = await touched(tx, { usernames: username === null ? [] : [username], groups: [] });
  await addJobs(tx, ids.map((id) => roomJob(id, BEHIND.room, soon)));
}

/** Has a conversation's room looked at, at once. */
export const checkRoom = (tx: Queryable, id: ConversationId): Promise<void> => addJobs(tx, [roomJob(id, 0)]);

const accountJob = (user: UserId): JobSpec => ({
  name: "account",
  payload: { user_id: user },
  key: `account:${user}`,
  queue: `account:${user}`,
  priority: BEHIND.account,
});

const roomJob = (id: ConversationId, priority: number, runAt?: Date): JobSpec => ({
  name: "room",
  payload: { conversation_id: id },
  key: `room:${id}`,
  queue: `room:${id}`,
  priority,
  ...(runAt && { runAt }),
});

/**
 * The conversations that a change may touch: the user's own and those of their groups, those that everyone is in, and
 * every custom group, since groups nest.
 */
async function touched(db: Queryable, { usernames, groups }: DirectoryChange): Promise<ConversationId[]> {
  const found = await db.query<{ id: ConversationId }>(
    `SELECT id FROM conversations WHERE username = ANY($1)
     UNION SELECT id FROM conversations WHERE other_username = ANY($1)
     UNION SELECT id FROM conversations WHERE kind IN ('alerts', 'admin', 'custom')
     UNION SELECT id FROM conversations WHERE kind = 'group' AND (security_group = ANY($2) OR security_group IN
       (SELECT group_id FROM security_group_members WHERE username = ANY($1)))`,
    [usernames, groups],
  );
  return found.rows.map((row) => row.id);
}
