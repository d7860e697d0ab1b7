import type { ConversationId, UserId } from "../../policy/model.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { addJob, addJobs } from "../../store/jobs.ts";

/**
 * Priorities: what a person waits for comes first (0), then what a change of the directory means for existing rooms and
 * accounts.
 */
export const AFTER_A_PERSON = 5;

/** The directory has changed: queues what follows, in the transaction that makes the change. */
export const directoryChanged = (tx: Queryable): Promise<void> =>
  addJob(tx, "conversations", {}, { queue: "conversations" });

/** Queues an immediate check of a conversation's room. */
export const checkRoom = (tx: Queryable, id: ConversationId): Promise<void> => checkRooms(tx, [id]);

/** The same, and someone waits for it: it starts in this process as soon as the transaction commits. */
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
