import type { ConversationId, RoomId, UserId } from "../../policy/model.ts";
import type { Database, Queryable } from "../../store/database.ts";
import { addJobs } from "../../store/jobs.ts";

/**
 * The last activity as one user sees it, in milliseconds; opening a conversation counts. Null: nothing was ever
 * written, so there is nothing to have read, and it stays in the list.
 */
export const activeAt = (lastMessage: Date | null, opened: Date | null): number | null =>
  lastMessage === null ? null : Math.max(lastMessage.getTime(), opened?.getTime() ?? 0);

/*
 * `archived` is what was decided, `tagged` what the tag in the user's account is known to say; the job `tags` works
 * where the two differ. It may be running at this moment, or have died before it recorded what it did. So a changed
 * decision sets `tagged` to the opposite: the account is then checked, whatever was known about it.
 */

/** This user opened the conversation: it is in their list again, as if something had happened in it. */
export async function showAgain(db: Queryable, id: ConversationId, user: UserId, now: Date): Promise<void> {
  const shown = await db.query<{ room_id: RoomId; tagged: boolean }>(
    `INSERT INTO room_views AS known (room_id, user_id, opened_at)
     SELECT room_id, $2, $3 FROM conversations WHERE id = $1 AND room_id IS NOT NULL
     ON CONFLICT (room_id, user_id) DO UPDATE
       SET opened_at = greatest(known.opened_at, excluded.opened_at), archived = false,
           tagged = known.tagged OR known.archived
     RETURNING room_id, tagged`,
    [id, user, now],
  );
  await queueTags(
    db,
    shown.rows.filter((row) => row.tagged).map((row) => row.room_id),
  );
}

/** This user marked the conversation as unread, which returns it to their list and keeps it there, or undid that. */
export async function markUnread(
  database: Database,
  user: UserId,
  room: RoomId,
  unread: boolean,
): Promise<void> {
  await database.transaction(async (tx) => {
    const back = await tx.query<{ tagged: boolean }>(
      `INSERT INTO room_views AS known (room_id, user_id, marked_unread)
       SELECT room_id, $2, $3 FROM conversations WHERE room_id = $1
       ON CONFLICT (room_id, user_id) DO UPDATE
         SET marked_unread = excluded.marked_unread, archived = known.archived AND NOT excluded.marked_unread,
             tagged = known.tagged OR (known.archived AND excluded.marked_unread)
       RETURNING tagged AND NOT archived AS tagged`,
      [room, user, unread],
    );
    if (back.rows.some(({ tagged }) => tagged)) await queueTags(tx, [room]);
  });
}

/** A message brings the conversation back for every member. */
export async function showToAll(db: Queryable, room: RoomId): Promise<void> {
  const back = await db.query(
    "UPDATE room_views SET archived = false, tagged = true WHERE room_id = $1 AND archived",
    [room],
  );
  if ((back.rowCount ?? 0) > 0) await queueTags(db, [room]);
}

/** Queues bringing the members' tags into line with the decisions for these rooms. */
export async function queueTags(db: Queryable, rooms: readonly RoomId[]): Promise<void> {
  await addJobs(
    db,
    rooms.map((room) => ({
      name: "tags" as const,
      payload: { room_id: room },
      queue: `tags:${room}`,
      priority: 5,
    })),
  );
}

/** Takes it out of this user's list, until the next message or until they open the conversation. */
export async function hideFrom(db: Queryable, room: RoomId, user: UserId): Promise<void> {
  await db.query(
    `INSERT INTO room_views AS known (room_id, user_id, archived) VALUES ($1, $2, true)
     ON CONFLICT (room_id, user_id) DO UPDATE SET archived = true, tagged = known.tagged AND known.archived`,
    [room, user],
  );
  await queueTags(db, [room]);
}
