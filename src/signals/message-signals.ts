import { conversationOfRoom } from "../conversations/record/store.ts";
import type { EventHandler } from "../messages/event.ts";
import { relationOf } from "../messages/relation.ts";
import { isSaid } from "../messages/said.ts";
import { addSignals } from "./record.ts";

/**
 * Signals each message to those who are in its conversation. Not corrections, nor notices, which answer somebody who is
 * looking, nor arrivals, which have signals of their own.
 */
export const messageSignals: EventHandler = {
  name: "signals",
  handle: async (tx, event) => {
    if (!isSaid(event) || event.content.msgtype === "m.notice" || relationOf(event)?.kind === "edit") return;
    const stored = await conversationOfRoom(tx, event.room_id);
    if (stored === null || stored.conversation.kind === "arrivals") return;
    const { id, kind } = stored.conversation;
    await addSignals(tx, [
      {
        kind: "message",
        room: event.room_id,
        content: {
          conversation: id,
          kind,
          sender: event.sender,
          event: event.event_id,
          sent_at: event.origin_server_ts,
        },
      },
    ]);
  },
};
