import { JOINED_MEMBERS } from "../../mirror/members.ts";
import type { UserId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";
import { READ_TO } from "./unread.ts";

/** How much of a conversation's main timeline someone who is in it has seen. */
export interface Reader {
  readonly user: UserId;
  /** As positions in the inbox: what is before `since` was there before they came. */
  readonly since: bigint;
  /** By their receipts, public or private. */
  readonly readTo: bigint;
}

/** Everyone who is in the room of the conversation with this natural key: in one statement, however many they are. */
export async function readersOf(db: Queryable, naturalKey: string): Promise<readonly Reader[]> {
  const found = await db.query<{ user_id: UserId; since: string; read_to: string }>(
    `SELECT m.user_id, coalesce(v.since, 0)::text AS since, ${READ_TO("m.room_id", "m.user_id", null)}::text AS read_to
     FROM conversations c JOIN (${JOINED_MEMBERS}) AS m USING (room_id)
     LEFT JOIN room_views v ON v.room_id = m.room_id AND v.user_id = m.user_id
     WHERE c.natural_key = $1`,
    [naturalKey],
  );
  return found.rows.map(({ user_id, since, read_to }) => ({
    user: user_id,
    since: BigInt(since),
    readTo: BigInt(read_to),
  }));
}
