import type { RoomId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";

/** The tags that users have on rooms (client-server API, "Room Tagging"), for acting as the user. */
export interface RoomTags {
  of(user: UserId, room: RoomId): Promise<Readonly<Record<string, unknown>>>;
  put(user: UserId, room: RoomId, tag: string, content: Readonly<Record<string, unknown>>): Promise<void>;
  remove(user: UserId, room: RoomId, tag: string): Promise<void>;
}

/** Clients gather rooms that have it under "Low priority". */
export const ARCHIVE_TAG = "m.lowpriority";
/** In the tag's content: Whisper put it there, and nobody but Whisper takes it away again. */
export const ARCHIVED_KEY = "au.healthtrack.whisper.archived";

/**
 * The job `tags`: makes the tags of a room's members what was decided. Whoever gave the room this tag themselves keeps
 * it, whatever Whisper decides. A user for whom it fails does not hold up the others.
 * @throws the first failure, when all were tried.
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
      // Unless it was decided otherwise meanwhile: that has queued this job once more.
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
    // Last among the low-priority rooms: those that the user put there come first.
    await tags.put(user, room, ARCHIVE_TAG, { order: 1, [ARCHIVED_KEY]: true });
  }
  if (!archived && isOurs(present)) await tags.remove(user, room, ARCHIVE_TAG);
}

const isOurs = (content: unknown): boolean =>
  typeof content === "object" &&
  content !== null &&
  Object.entries(content).some(([key, value]) => key === ARCHIVED_KEY && value === true);
