import { botIsIn, botIsToCome, leftLately, takeBackLeaves } from "../../conversations/groups/leaves.ts";
import type { StoredConversation } from "../../conversations/record/store.ts";
import type { RoomClosingDependencies } from "./retire.ts";
import { refetchRoom } from "./room-steps.ts";

/**
 * A custom group whose room was shut down keeps its members and gets another room. The homeserver is asked whether it
 * was when someone left a moment ago, or when Whisper seems not to be in the room.
 */
export async function keepMembersOfLostRoom(
  { database, homeserver, directory, settings }: RoomClosingDependencies,
  { conversation, roomId: room }: StoredConversation,
): Promise<void> {
  if (conversation.kind !== "custom" || room === null) return;
  if (await botIsToCome(database, room, settings.bot)) return;
  const seen = await botIsIn(database, room, settings.bot);
  if (seen && !(await leftLately(database, conversation.id, Date.now()))) return;
  await refetchRoom(database, homeserver, room);
  if (await botIsIn(database, room, settings.bot)) return;
  const gone = await database.query<{ made_at: string }>(
    "SELECT made_at FROM room_members WHERE room_id = $1 AND user_id = $2",
    [room, settings.bot],
  );
  // A purged room has no history left; it went a moment ago then.
  const at = Number(gone.rows[0]?.made_at ?? Date.now());
  await database.transaction((tx) => takeBackLeaves({ directory, settings }, tx, conversation.id, at));
}
