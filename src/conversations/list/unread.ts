import { receiptPosition } from "../../messages/receipts.ts";
import { JOINED_MEMBERS } from "../../mirror/members.ts";
import type { RoomId, UserId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";

/**
 * SQL for how far someone has read in a room's main timeline, or in one thread, as a position: their receipt or their
 * own last message there, since people who write have it in front of them. Unknown is 0, so everything counts as
 * unread. The arguments are SQL expressions; `thread` is that of the message that may be unread, or null for the main
 * timeline.
 */
export const READ_TO = (room: string, user: string, thread: string | null): string => `greatest(0,
  (${receiptPosition(room, user, thread)}),
  (SELECT max(own.position) FROM room_messages own
   WHERE own.room_id = ${room} AND own.sender = ${user} AND NOT own.by_whisper
     AND own.thread ${thread === null ? "IS NULL" : `= ${thread}`}))`;

/**
 * SQL for the positions of what someone has not read in a room. Threads are read one by one, so what is in them is
 * looked at message by message; there is little of it. The arguments are SQL expressions.
 */
export const UNREAD = (room: string, user: string): string => `
  SELECT main.position FROM room_messages main
  WHERE main.room_id = ${room} AND main.thread IS NULL AND main.sender <> ${user} AND NOT main.removed
    AND main.position > ${READ_TO(room, user, null)}
  UNION ALL
  SELECT threaded.position FROM room_messages threaded
  WHERE threaded.room_id = ${room} AND threaded.thread IS NOT NULL AND threaded.sender <> ${user} AND NOT threaded.removed
    AND threaded.position > ${READ_TO(room, user, "threaded.thread")}`;

/** A room in which someone has something unread. */
export interface UnreadRoom {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  /** How many people are in the room. */
  readonly people: number;
}

/** Who has something unread, and where, latest message first. `most`: of the rooms to look at. */
export async function unreadRooms(db: Queryable, most: number): Promise<readonly UnreadRoom[]> {
  const found = await db.query<UnreadRoom & Record<string, unknown>>(
    `WITH recent AS MATERIALIZED (
       SELECT room_id, last_activity_at FROM conversations
       WHERE room_id IS NOT NULL AND last_activity_at IS NOT NULL
       ORDER BY last_activity_at DESC LIMIT $1),
     present AS (
       SELECT recent.*, m.user_id, (count(*) OVER (PARTITION BY room_id))::integer AS people
       FROM recent JOIN (${JOINED_MEMBERS}) AS m USING (room_id))
     SELECT room_id, user_id, people FROM present
     WHERE EXISTS (${UNREAD("present.room_id", "present.user_id")})
     ORDER BY last_activity_at DESC`,
    [most],
  );
  return found.rows;
}

/** More than this is not counted. */
const MOST_UNREAD = 100;

/** How many messages each of them has not read in that room, up to 100, by `room user`. */
export async function unreadCounts(
  db: Queryable,
  places: ReadonlyArray<{ readonly room: RoomId; readonly user: UserId }>,
): Promise<ReadonlyMap<string, number>> {
  if (places.length === 0) return new Map();
  const found = await db.query<{ place: string; unread: number }>(
    `SELECT p.room || ' ' || p."user" AS place,
            (SELECT count(*) FROM (SELECT FROM (${UNREAD("p.room", 'p."user"')}) AS u LIMIT ${MOST_UNREAD}) AS counted)::integer AS unread
     FROM json_to_recordset($1) AS p(room text, "user" text)`,
    [JSON.stringify(places)],
  );
  return new Map(found.rows.map(({ place, unread }) => [place, unread]));
}
