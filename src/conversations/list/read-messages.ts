import { JOINED_MEMBERS } from "../../mirror/members.ts";
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
    const readers = await readersOf(db, settings, rooms);
    const read = readByAll(readers);
    await db.query(
      `WITH present AS MATERIALIZED (SELECT * FROM json_to_recordset($3) AS p(room_id text, user_id text))
       DELETE FROM room_messages message USING json_to_recordset($1) AS r(room_id text, read_to bigint)
       WHERE message.room_id = r.room_id AND message.position <= $2
         AND (message.removed OR CASE WHEN message.thread IS NULL THEN r.read_to IS NULL OR message.position <= r.read_to
           ELSE NOT EXISTS (SELECT FROM present
             WHERE present.room_id = message.room_id AND present.user_id <> message.sender
               AND message.position > ${READ_TO("message.room_id", "present.user_id", "message.thread")}) END)`,
      [
        JSON.stringify(rooms.map((room_id) => ({ room_id, read_to: read.get(room_id) ?? null }))),
        upTo,
        JSON.stringify(readers.map(({ room_id, user_id }) => ({ room_id, user_id }))),
      ],
    );
    after = last;
  }
}

interface Reader {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  readonly read_to: string;
}

/** How far each person in these rooms has read in their main timelines. */
async function readersOf(
  db: Queryable,
  settings: PracticeSettings,
  rooms: readonly RoomId[],
): Promise<readonly Reader[]> {
  const found = await db.query<Reader & Record<string, unknown>>(
    `SELECT m.room_id, m.user_id, ${READ_TO("m.room_id", "m.user_id", null)} AS read_to
     FROM (${JOINED_MEMBERS}) AS m WHERE m.room_id = ANY($1)`,
    [rooms],
  );
  return found.rows.filter(({ user_id }) => isOurs(settings, user_id) && !isHandle(settings, user_id));
}

/** How far everyone in each room has read. A room that nobody is in has no entry. */
function readByAll(readers: readonly Reader[]): ReadonlyMap<RoomId, string> {
  const least = new Map<RoomId, string>();
  for (const { room_id, read_to } of readers) {
    const known = least.get(room_id);
    if (known === undefined || BigInt(read_to) < BigInt(known)) least.set(room_id, read_to);
  }
  return least;
}
