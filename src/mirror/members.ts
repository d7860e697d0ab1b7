import type { RoomId, UserId } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";

/**
 * Who is in a room, and what the mirror knows about it, for callers that do not need all of it. Constants and functions
 * that return SQL are for statements that join it; their arguments are SQL expressions.
 */

/** SQL for everyone who is in a room: `room_id` and `user_id`. */
export const JOINED_MEMBERS = "SELECT room_id, user_id FROM room_members WHERE membership = 'join'";

/** SQL for everyone who is in a room, invited into it, or just being let in: `room_id` and `user_id`. */
export const PRESENT_MEMBERS =
  "SELECT room_id, user_id FROM room_members WHERE membership IN ('join', 'invite', 'knock') OR awaited = 'join'";

/** SQL for the rooms that the mirror knows: `room_id`, and when it first saw them. */
export const SEEN_ROOMS = "SELECT room_id, seen_at FROM rooms";

/** SQL for the rooms with only their maker in them, and nobody invited: `room_id`, `creator` and `seen_at`. */
export const ROOMS_OF_ONE = `
  SELECT r.room_id, r.creator, r.seen_at FROM rooms r
  WHERE r.creator IS NOT NULL
    AND EXISTS (SELECT FROM room_members m
                WHERE m.room_id = r.room_id AND m.user_id = r.creator AND m.membership = 'join')
    AND NOT EXISTS (SELECT FROM room_members m WHERE m.room_id = r.room_id AND m.user_id <> r.creator
                    AND m.membership IN ('join', 'invite', 'knock'))`;

/** SQL for a condition: someone other than this user is in the room, or invited. */
export const holdsOthers = (room: string, user: string): string =>
  `EXISTS (SELECT FROM room_members m
     WHERE m.room_id = ${room} AND m.user_id <> ${user} AND m.membership IN ('join', 'invite'))`;

/** Waits until nobody else is changing what a room is to become. `share`: several may read it; a decision waits. */
export async function lockRoom(tx: Transaction, room: RoomId, lock: "share" | "update"): Promise<void> {
  await tx.query(`SELECT FROM rooms WHERE room_id = $1 FOR ${lock === "share" ? "SHARE" : "UPDATE"}`, [room]);
}

/** Which of these rooms the mirror knows. */
export async function seenRooms(db: Queryable, rooms: readonly RoomId[]): Promise<ReadonlySet<RoomId>> {
  const seen = await db.query<{ room_id: RoomId }>("SELECT room_id FROM rooms WHERE room_id = ANY($1)", [
    rooms,
  ]);
  return new Set(seen.rows.map((row) => row.room_id));
}

/** Who is in the room, and whether their client lists it as a direct chat. */
export async function joinedMembers(
  db: Queryable,
  room: RoomId | null,
): Promise<ReadonlyMap<UserId, { readonly direct: boolean }>> {
  const joined = await db.query<{ user_id: UserId; direct: boolean }>(
    "SELECT user_id, direct FROM room_members WHERE room_id = $1 AND membership = 'join'",
    [room],
  );
  return new Map(joined.rows.map(({ user_id, direct }) => [user_id, { direct }]));
}

/** Is the user in the room, as far as the mirror knows? */
export async function isJoined(db: Queryable, room: RoomId, user: UserId): Promise<boolean> {
  const found = await db.query(
    "SELECT FROM room_members WHERE room_id = $1 AND user_id = $2 AND membership = 'join'",
    [room, user],
  );
  return found.rowCount === 1;
}

/** Someone who is in a room, or invited into it. */
export interface Present {
  readonly user: UserId;
  readonly joined: boolean;
}

/** Who is in the room, and who is invited. */
export async function presentMembers(db: Queryable, room: RoomId): Promise<readonly Present[]> {
  const present = await db.query<Present & Record<string, unknown>>(
    `SELECT user_id AS user, membership = 'join' AS joined FROM room_members
     WHERE room_id = $1 AND membership IN ('join', 'invite')`,
    [room],
  );
  return present.rows;
}

/** When the user's membership last changed (milliseconds, the homeserver's clock). Null: there was none. */
export async function membershipSince(db: Queryable, room: RoomId, user: UserId): Promise<number | null> {
  const found = await db.query<{ made_at: string }>(
    "SELECT made_at FROM room_members WHERE room_id = $1 AND user_id = $2",
    [room, user],
  );
  const madeAt = found.rows[0]?.made_at;
  return madeAt === undefined ? null : Number(madeAt);
}

/**
 * Has Whisper yet to join this room, which it made in the name of the one who writes first
 * (appservice/rooms/begun-room.ts)? As far as the mirror knows.
 */
export async function botIsToCome(db: Queryable, room: RoomId, bot: UserId): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM rooms r WHERE r.room_id = $1 AND r.creator <> $2
       AND NOT EXISTS (
         SELECT FROM room_members m WHERE m.room_id = $1 AND m.user_id = $2 AND m.membership = 'join')
       AND EXISTS (
         SELECT FROM room_state s WHERE s.room_id = $1 AND s.type = 'm.room.join_rules'
           AND s.content->>'join_rule' = 'public')`,
    [room, bot],
  );
  return found.rowCount === 1;
}

/** Who of these users is in which of these rooms. */
export async function joinedAmong(
  db: Queryable,
  rooms: readonly RoomId[],
  users: readonly UserId[],
): Promise<ReadonlyArray<{ readonly room: RoomId; readonly user: UserId }>> {
  if (rooms.length === 0 || users.length === 0) return [];
  const found = await db.query<{ room: RoomId; user: UserId }>(
    `SELECT room_id AS room, user_id AS user FROM room_members
     WHERE membership = 'join' AND room_id = ANY($1) AND user_id = ANY($2)`,
    [[...new Set(rooms)], [...new Set(users)]],
  );
  return found.rows;
}

/**
 * Is Whisper making this change of a membership, or did it just make it? To be asked before its event is stored in the
 * mirror. Whisper joins people as themselves, so the event does not show it.
 */
export async function isOwnMember(
  db: Queryable,
  room: RoomId,
  user: UserId,
  membership: unknown,
): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM room_members WHERE room_id = $1 AND user_id = $2
       AND (awaited = $3 OR (membership = $3 AND ahead_until > now()))`,
    [room, user, membership],
  );
  return found.rowCount === 1;
}
