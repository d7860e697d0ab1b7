import { sendToControlRoom } from "../../conversations/record/control-room.ts";
import { isRetired } from "../../conversations/record/retired-rooms.ts";
import { carriesConversation } from "../../conversations/record/rooms.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { roomOfOne } from "../../messages/words.ts";
import { ROOMS_OF_ONE, SEEN_ROOMS } from "../../mirror/members.ts";
import {
  type ActualRoom,
  FRONT_DOOR,
  type PracticeSettings,
  type RoomId,
  type UserId,
} from "../../policy/model.ts";
import { isOurs, usernameOf } from "../../policy/names/names.ts";
import type { Database } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { retireRoom } from "./retire.ts";

/** Someone who makes a room through the front door and invites people later has this long. */
const PATIENCE = "1 hour";
/** Milliseconds before closing a room whose invitations were refused while it was being made. */
const AFTER_REFUSAL = 10_000;

/**
 * An invitation into a room was refused. If the room is being made at this moment, its maker wanted it for the person
 * refused, and is alone in it, so it is closed soon. The maker of an older room may still invite others.
 */
export async function invitationRefused(database: Database, room: RoomId): Promise<void> {
  const there = await database.query(
    `SELECT FROM (${SEEN_ROOMS}) AS seen WHERE room_id = $1 AND seen_at < now() - interval '5 seconds'
     UNION ALL SELECT WHERE ${carriesConversation("$1")}`,
    [room],
  );
  if (there.rowCount !== 0) return;
  const runAt = new Date(Date.now() + AFTER_REFUSAL);
  await addJob(database, "orphan", { room_id: room }, { key: `orphan:${room}`, runAt });
}

/** Milliseconds before closing a room that was made with nobody in it, past the front door. */
const PAST_THE_DOOR = 45_000;

/**
 * A room was made with nobody else in it. Through the front door its maker is looking at it and may invite someone; a
 * room that was made at Synapse itself is nobody's business and nobody manages it, so it is closed soon.
 */
export async function closeIfStillAlone(database: Database, room: ActualRoom): Promise<void> {
  if (room.state["m.room.create"]?.[FRONT_DOOR] === true) return;
  const seen = await database.query<{ seen_at: Date }>(
    `SELECT seen_at FROM (${SEEN_ROOMS}) AS seen WHERE room_id = $1`,
    [room.roomId],
  );
  const runAt = new Date((seen.rows[0]?.seen_at ?? new Date()).getTime() + PAST_THE_DOOR);
  await addJob(database, "orphan", { room_id: room.roomId }, { key: `orphan:${room.roomId}`, runAt });
}

/**
 * Closes rooms with only their maker in them: an invitation that is refused while a client makes a room leaves one
 * behind (observed: Synapse keeps the room). Their maker is told. It reads the mirror, so it costs no call if there are
 * none.
 * @param only this room, whatever its age.
 * @returns how many.
 */
export async function closeOrphanRooms(
  database: Database,
  directory: DirectorySnapshot,
  settings: PracticeSettings,
  only: RoomId | null = null,
): Promise<number> {
  const people = await directory.fresh();
  return database.transaction(async (tx) => {
    const found = await tx.query<{ room_id: RoomId; creator: UserId }>(
      `SELECT r.room_id, r.creator FROM (${ROOMS_OF_ONE}) AS r
       WHERE r.creator <> $1
         AND CASE WHEN $2::text IS NULL THEN r.seen_at < now() - interval '${PATIENCE}' ELSE r.room_id = $2 END
         AND NOT ${carriesConversation("r.room_id")} AND NOT ${isRetired("r.room_id")}`,
      [settings.bot, only],
    );
    const orphans = found.rows.filter((row) => isOurs(settings, row.creator));
    for (const { room_id, creator } of orphans) {
      await retireRoom(tx, room_id, null);
      const maker = usernameOf(settings, creator, people);
      if (maker !== null) await sendToControlRoom(tx, maker, `orphan-room:${room_id}`, roomOfOne);
    }
    return orphans.length;
  });
}
