import type { ConversationId, RoomId, UserId } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { enqueueSends, REF_KEY } from "./outbox.ts";

/**
 * Says again, as their senders and once, the messages of a room that is closed in favour of a conversation. A client
 * sends the first message together with the room's creation; that the pair had a room already must not lose it. What
 * Whisper said there is not said again: it belongs to that room.
 */
export async function carryOver(tx: Transaction, room: RoomId, into: ConversationId): Promise<void> {
  const said = await tx.query<{ event_id: string; sender: UserId; content: Record<string, unknown> }>(
    `SELECT event_id, event->>'sender' AS sender, event->'content' AS content FROM inbox
     WHERE room_id = $1 AND type = 'm.room.message' AND event->'content'->$2 IS NULL ORDER BY seq`,
    [room, REF_KEY],
  );
  await enqueueSends(
    tx,
    said.rows.map(({ event_id, sender, content }) => ({
      ref: `moved:${event_id}`,
      conversation: into,
      as: sender,
      type: "m.room.message",
      content,
    })),
  );
}
