import { sendToControlRoom } from "../../conversations/record/control-room.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { roomOfOne } from "../../messages/words.ts";
import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { isOurs, usernameOf } from "../../policy/names/names.ts";
import type { Database } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { retireRoom } from "./retire.ts";

/** Someone who makes a room and invites people later has this long. */
const PATIENCE = "1 hour";
/** Milliseconds until a room is closed whose invitations were refused while it was being made. */
const AFTER_REFUSAL = 10_000;

/**
 * An invitation into a room was refused. If the room is being made at this moment, its maker wanted it for the person
 * refused, and is alone in it, so it is closed soon. The maker of an older room may still invite others.
 */
export async function invitationRefused(database: Database, room: RoomId): Promise<void> {
  const there = await database.query(
    `SELECT FROM rooms WHERE room_id = $1 AND seen_at < now() - interval '5 seconds'
     UNION ALL SELECT FROM conversations WHERE room_id = $1`,
    [room],
  );
  if (there.rowCount !== 0) return;
  const runAt = new Date(Date.now() + AFTER_REFUSAL);
  await addJob(database, "orphan", { room_id: room }, { key: `orphan:${room}`, runAt });
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
      `SELECT r.room_id, r.creator FROM rooms r
       WHERE r.creator IS NOT NULL AND r.creator <> $1 AND CASE WHEN $2::text IS NULL THEN r.seen_at < now() - interval '${PATIENCE}' ELSE r.room_id = $2 END
         AND NOT EXISTS (SELECT FROM conversations c WHERE c.room_id = r.room_id)
         AND NOT EXISTS (SELECT FROM retired_rooms t WHERE t.room_id = r.room_id)
         AND EXISTS (SELECT FROM room_members m
                     WHERE m.room_id = r.room_id AND m.user_id = r.creator AND m.membership = 'join')
         AND NOT EXISTS (SELECT FROM room_members m WHERE m.room_id = r.room_id AND m.user_id <> r.creator
                         AND m.membership IN ('join', 'invite', 'knock'))`,
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
