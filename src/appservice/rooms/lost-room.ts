import { leftLately, takeBackLeaves } from "../../conversations/groups/leaves.ts";
import type { StoredConversation } from "../../conversations/record/store.ts";
import { botIsToCome, isJoined, membershipSince } from "../../mirror/members.ts";
import { type RoomDependencies, refetchRoom } from "./room-steps.ts";

/**
 * A custom group whose room was shut down keeps its members and gets another room. Whisper asks the homeserver whether
 * it was, if someone left a moment ago or Whisper seems not to be in the room.
 */
export async function keepMembersOfLostRoom(
  { database, homeserver, directory, settings }: RoomDependencies,
  { conversation, roomId: room }: StoredConversation,
): Promise<void> {
  if (conversation.kind !== "custom" || room === null) return;
  if (await botIsToCome(database, room, settings.bot)) return;
  const seen = await isJoined(database, room, settings.bot);
  if (seen && !(await leftLately(database, conversation.id, Date.now()))) return;
  await refetchRoom(database, homeserver, room);
  if (await isJoined(database, room, settings.bot)) return;
  // A purged room has no history left, so it counts as gone a moment ago.
  const at = (await membershipSince(database, room, settings.bot)) ?? Date.now();
  await database.transaction((tx) => takeBackLeaves({ directory, settings }, tx, conversation.id, at));
}
