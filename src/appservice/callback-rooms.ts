import { conversationOfRoom } from "../conversations/store.ts";
import type { CallbackRoom } from "../policy/callbacks.ts";
import type { RoomId, UserId } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import type { Notifications } from "../store/notifications.ts";

/** Rooms kept in memory at most; the least recently asked for goes first. */
const KEPT = 20_000;

/** What the policy callbacks need to know of a room, from memory where it was asked for before. */
export interface CallbackRooms {
  roomOf(id: RoomId): Promise<CallbackRoom & { readonly settled: boolean }>;
}

const UNKNOWN = { room: "unknown", settled: false } as const;

export function callbackRooms(database: Database, notifications: Notifications): CallbackRooms {
  const managed = new Map<RoomId, CallbackRoom & { settled: true }>();
  notifications.on("whisper_room", (room) => managed.delete(room as RoomId));
  notifications.onGap(() => managed.clear());

  const load = async (id: RoomId): Promise<CallbackRoom & { settled: boolean }> => {
    const stored = await conversationOfRoom(database, id);
    if (stored !== null) {
      const found = { room: "managed", conversation: stored.conversation, settled: true } as const;
      managed.set(id, found);
      if (managed.size > KEPT)
        for (const [oldest] of managed) {
          managed.delete(oldest);
          break;
        }
      return found;
    }
    const present = await database.query<{ user_id: UserId; direct: boolean | null }>(
      "SELECT user_id FROM room_members WHERE room_id = $1 AND membership IN ('join', 'invite')",
      [id],
    );
    if (present.rows.length === 0) return UNKNOWN;
    return {
      room: "user-made",
      others: present.rows.map((row) => row.user_id),
      direct: null,
      settled: false,
    };
  };

  return {
    roomOf: (id) => {
      const known = managed.get(id);
      if (known === undefined) return load(id);
      managed.delete(id);
      managed.set(id, known);
      return Promise.resolve(known);
    },
  };
}
