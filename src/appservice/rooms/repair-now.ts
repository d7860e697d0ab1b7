import { checkRoomLater } from "../../conversations/record/room-checks.ts";
import { conversationById } from "../../conversations/record/store.ts";
import type { ConversationId, UserId } from "../../policy/model.ts";
import { MatrixRefused } from "../homeserver/homeserver.ts";
import { type ReconcilerDependencies, reconcileRoom } from "./reconciler.ts";
import { refetchRoom } from "./room-steps.ts";

/**
 * Repairs a conversation's room while someone waits for it: refetches it and makes it what the rules say, with this
 * sender in it; others who are missing join later.
 * @throws MatrixRefused if the homeserver refuses, and errors that may be temporary, such as a homeserver that is away.
 */
export async function repairNow(
  dependencies: ReconcilerDependencies,
  id: ConversationId,
  sender: UserId,
): Promise<void> {
  const { database, homeserver } = dependencies;
  const stored = await conversationById(database, id);
  if (stored === null || stored.roomId === null) return;
  try {
    await refetchRoom(database, homeserver, stored.roomId);
    // A large room is filled a few people at a time, and this one is waiting.
    const more = await reconcileRoom(dependencies, id, sender);
    if (more) await database.transaction((tx) => checkRoomLater(tx, id));
  } catch (error) {
    if (error instanceof MatrixRefused)
      dependencies.log.warn({ err: error }, "a room that refused a message could not be repaired");
    throw error;
  }
}
