import type { EventId, RoomId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/**
 * Pinned events (client-server API, `m.room.pinned_events`), set by the bot. Setting the same ones again makes no
 * event.
 */
export const roomPins = (homeserver: Homeserver) => ({
  pin: async (room: RoomId, event: EventId): Promise<void> => {
    await homeserver.call({
      method: "PUT",
      path: path`/_matrix/client/v3/rooms/${room}/state/m.room.pinned_events/`,
      body: { pinned: [event] },
    });
  },
});
