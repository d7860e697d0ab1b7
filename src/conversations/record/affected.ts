import type { ConversationId, UserId } from "../../policy/model.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { addJob, addJobs } from "../../store/jobs.ts";

/** What a person waits for comes first (0); what a change of the directory brings to rooms and accounts that are there. */
const AFTER_A_PERSON = 5;

/** The directory has changed: has what follows from it queued, in the transaction that makes the change. */
export const directoryChanged = (tx: Queryable): Promise<void> =>
  addJob(tx, "conversations", {}, { queue: "conversations" });

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
  await addJob(tx, "accounts", {}, { queue: "accounts", priority: AFTER_A_PERSON });
}

/** Has a conversation's room looked at, at once. */
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

/** Has rooms looked at that are there, after what a person waits for. */
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

/** What is done to a conversation's room is done one after another. */
export const roomQueue = (id: ConversationId): string => `room:${id}`;
