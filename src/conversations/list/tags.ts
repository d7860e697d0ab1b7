import type { RoomId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";

/** Users' tags on rooms (client-server API, "Room Tagging"), set as the user. */
export interface RoomTags {
  of(user: UserId, room: RoomId): Promise<Readonly<Record<string, unknown>>>;
  put(user: UserId, room: RoomId, tag: string, content: Readonly<Record<string, unknown>>): Promise<void>;
  remove(user: UserId, room: RoomId, tag: string): Promise<void>;
}

/** Clients group rooms with this tag under "Low priority". */
export const ARCHIVE_TAG = "m.lowpriority";
/** In the tag's content: Whisper set it, and only Whisper removes it. */
export const ARCHIVED_KEY = "au.healthtrack.whisper.archived";

/**
 * The job `tags`: brings the tags of a room's members into line with the decision. If a user gave the room this tag
 * themselves, they keep it, whatever Whisper decides. A failure for one user does not stop the others.
 * @throws the first failure, once all were tried.
 */
export async function followTags(database: Database, tags: RoomTags, room: RoomId): Promise<void> {
  const waiting = await database.query<{ user_id: UserId; archived: boolean }>(
    "SELECT user_id, archived FROM room_views WHERE room_id = $1 AND archived <> tagged",
    [room],
  );
  const failures: unknown[] = [];
  for (const { user_id, archived } of waiting.rows) {
    try {
      await carryOut(tags, room, user_id, archived);
      // Unless the decision has changed meanwhile, which has queued this job again.
      await database.query(
        "UPDATE room_views SET tagged = $3 WHERE room_id = $1 AND user_id = $2 AND archived = $3",
        [room, user_id, archived],
      );
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function carryOut(tags: RoomTags, room: RoomId, user: UserId, archived: boolean): Promise<void> {
  const present = (await tags.of(user, room))[ARCHIVE_TAG];
  if (archived && present === undefined) {
    // Last among the low-priority rooms, after those that the user put there.
    await tags.put(user, room, ARCHIVE_TAG, { order: 1, [ARCHIVED_KEY]: true });
  }
  if (!archived && isOurs(present)) await tags.remove(user, room, ARCHIVE_TAG);
}

const isOurs = (content: unknown): boolean =>
  typeof content === "object" &&
  content !== null &&
  Object.entries(content).some(([key, value]) => key === ARCHIVED_KEY && value === true);
