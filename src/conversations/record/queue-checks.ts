import type { ConversationId, UserId } from "../../policy/model.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { addJob, addJobs } from "../../store/jobs.ts";

/**
 * Priorities: what a person waits for comes first (0), then what a change of the directory means for existing rooms and
 * accounts.
 */
const AFTER_A_PERSON = 5;

/** The directory has changed: queues what follows, in the transaction that makes the change. */
export const directoryChanged = (tx: Queryable): Promise<void> =>
  addJob(tx, "conversations", {}, { queue: "conversations" });

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

/** Queues an immediate check of a conversation's room. */
export const checkRoom = (tx: Queryable, id: ConversationId): Promise<void> => checkRooms(tx, [id]);

/** The same, and somebody waits for it: it begins in this process as soon as the transaction is committed. */
export const checkRoomPromptly = (tx: Transaction, id: ConversationId, begunBy?: UserId): Promise<void> => {
  const job = roomJob(id, 0);
  const payload = begunBy === undefined ? job.payload : { ...job.payload, begun_by: begunBy };
  return addJobs(tx, [{ ...job, payload, promptly: true }]);
};

export const checkRooms = (tx: Queryable, ids: Iterable<ConversationId>): Promise<void> =>
  addJobs(
    tx,
    [...ids].map((id) => roomJob(id, 0)),
  );

/** Queues checks of existing rooms, after everything that a person waits for. */
export const checkRoomsSoon = (tx: Queryable, ids: Iterable<ConversationId>): Promise<void> =>
  addJobs(
    tx,
    [...ids].map((id) => roomJob(id, AFTER_A_PERSON)),
  );

const roomJob = (id: ConversationId, priority: number) => ({
  name: "room" as const,
  payload: { conversation_id: id },
  queue: roomQueue(id),
  priority,
});

/** Work on a conversation's room runs one job at a time. */
export const roomQueue = (id: ConversationId): string => `room:${id}`;
