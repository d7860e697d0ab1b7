import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { isHandle, isOurs } from "../../policy/names/names.ts";
import type { Queryable } from "../../store/database.ts";
import { READ_TO } from "./unread.ts";

/** Rooms handled per statement. */
const BATCH = 100;

/**
 * Forgets the positions of messages up to this one that everyone in the room has read, and of deleted messages. Unread
 * ones stay, however old: they keep the conversation in someone's list.
 */
export async function forgetReadMessages(
  db: Queryable,
  settings: PracticeSettings,
  upTo: string,
): Promise<void> {
  for (let after = ""; ; ) {
    const found = await db.query<{ room_id: RoomId }>(
      `SELECT DISTINCT room_id FROM room_messages WHERE position <= $1 AND room_id > $2 ORDER BY room_id LIMIT ${BATCH}`,
      [upTo, after],
    );
    const rooms = found.rows.map(({ room_id }) => room_id);
    const last = rooms.at(-1);
    if (last === undefined) return;
    const read = await readByAll(db, settings, rooms);
    await db.query(
      `DELETE FROM room_messages message USING json_to_recordset($1) AS r(room_id text, read_to bigint)
       WHERE message.room_id = r.room_id AND message.position <= $2
         AND (message.removed OR r.read_to IS NULL OR message.position <= r.read_to)`,
      [JSON.stringify(rooms.map((room_id) => ({ room_id, read_to: read.get(room_id) ?? null }))), upTo],
    );
    after = last;
  }
}

/** How far everyone in a room has read. A room that nobody is in has no entry. */
async function readByAll(
  db: Queryable,
  settings: PracticeSettings,
  rooms: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, string>> {
  const found = await db.query<{ room_id: RoomId; user_id: UserId; read_to: string }>(
    `SELECT m.room_id, m.user_id, ${READ_TO("m.room_id", "m.user_id")} AS read_to
     FROM room_members m WHERE m.room_id = ANY($1) AND m.membership = 'join'`,
    [rooms],
  );
  const least = new Map<RoomId, string>();
  for (const { room_id, user_id, read_to } of found.rows) {
    if (!isOurs(settings, user_id) || isHandle(settings, user_id)) continue;
    const known = least.get(room_id);
    if (known === undefined || BigInt(read_to) < BigInt(known)) least.set(room_id, read_to);
  }
  return least;
}
