import type { Logger } from "pino";
import { conversationById } from "../../conversations/record/store.ts";
import { loadRoom } from "../../mirror/mirror.ts";
import type { ConversationId, RoomId } from "../../policy/model.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import { MatrixRefused } from "../homeserver/homeserver.ts";
import { letIntoRoom, type RoomDependencies } from "./room-steps.ts";

/**
 * Invited people join before the message that may be waiting: messages from before one's join do not count as unread,
 * and some clients do not show them. The reconciler lets in anyone whom this does not.
 */
export async function admitInvited(
  dependencies: RoomDependencies & { readonly log: Logger },
  id: ConversationId,
  room: RoomId,
): Promise<void> {
  const { database, directory, settings } = dependencies;
  const [stored, actual] = [await conversationById(database, id), await loadRoom(database, room)];
  if (stored === null || actual === null) return;
  const expected = expectedRoom(stored.conversation, await directory.fresh(), settings);
  const invited = [...actual.members].flatMap(([id, { membership }]) =>
    membership === "invite" ? [id] : [],
  );
  for (const user of invited) {
    if (!expected?.members.has(user) || actual.members.get(user)?.membership === "join") continue;
    try {
      // The room's own job comes next, and removes anyone who no longer belongs.
      await letIntoRoom(dependencies, room, user, () => Promise.resolve(true));
    } catch (error) {
      if (!(error instanceof MatrixRefused)) throw error;
      dependencies.log.warn({ err: error }, "someone could not be let into an adopted room yet");
    }
  }
}
