import { retiredRoom } from "../../conversations/record/retired-rooms.ts";
import { roomsOf } from "../../conversations/record/rooms.ts";
import { conversationOfRoom } from "../../conversations/record/store.ts";
import { type Present, presentMembers } from "../../mirror/members.ts";
import type { CallbackRoom } from "../../policy/callbacks/callback-room.ts";
import type { ConversationId, RoomId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import type { Notifications } from "../../store/notifications.ts";
import { type Homeserver, MatrixRefused } from "../homeserver/homeserver.ts";
import { adminState } from "../rooms/room-steps.ts";

/** The most rooms kept in memory; the least recently used goes first. */
const KEPT = 20_000;

/** What the policy callbacks need to know about a room. */
export interface CallbackRooms {
  /** From memory, if it was asked for before. */
  roomOf(id: RoomId): Promise<KnownRoom>;
  /**
   * From the database and, unless the room is Whisper's, from the homeserver: a room that a client has just made is not
   * known here yet. Reading it while Synapse waits for a callback is safe.
   */
  asked(id: RoomId): Promise<KnownRoom>;
  /**
   * Who has left these conversations' rooms or was removed, according to the homeserver: Whisper may not have heard
   * yet.
   */
  left(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, readonly UserId[]>>;
}

type KnownRoom = CallbackRoom & { readonly settled: boolean };

const CLOSED = { room: "closed", settled: true } as const;
const UNKNOWN = { room: "unknown", settled: false } as const;

export function callbackRooms(
  database: Database,
  homeserver: Homeserver,
  notifications: Notifications,
): CallbackRooms {
  const managed = new Map<RoomId, CallbackRoom & { settled: true }>();
  // A lookup in progress while a room changed hands may have seen its old state: its result is not kept.
  let changes = 0;
  notifications.on("whisper_room", (room) => {
    changes += 1;
    managed.delete(room as RoomId);
  });
  notifications.onGap(() => {
    changes += 1;
    managed.clear();
  });

  const keep = (id: RoomId, found: CallbackRoom & { settled: true }) => {
    managed.set(id, found);
    if (managed.size <= KEPT) return;
    for (const [oldest] of managed) {
      managed.delete(oldest);
      break;
    }
  };

  const managedIn = async (id: RoomId): Promise<KnownRoom | null> => {
    const before = changes;
    const stored = await conversationOfRoom(database, id);
    if (stored === null) return null;
    const found = { room: "managed", conversation: stored.conversation, settled: true } as const;
    if (changes === before) keep(id, found);
    return found;
  };

  const mirrored = async (id: RoomId): Promise<KnownRoom> => {
    const present = await presentMembers(database, id);
    return present.length === 0 ? UNKNOWN : madeOf(present);
  };

  /** A retired room: closed for good, or abandoned in favour of the conversation's current one. */
  const retired = async (id: RoomId): Promise<KnownRoom | null> => {
    const found = await retiredRoom(database, id);
    if (found === null) return null;
    return found.successor === null ? CLOSED : { ...(await mirrored(id)), settled: true };
  };

  return {
    roomOf: async (id) => {
      const known = managed.get(id);
      if (known === undefined) return (await managedIn(id)) ?? (await retired(id)) ?? mirrored(id);
      managed.delete(id);
      managed.set(id, known);
      return known;
    },
    asked: async (id) =>
      (await managedIn(id)) ?? (await retired(id)) ?? (await askedOf(homeserver, id)) ?? mirrored(id),
    left: async (ids) => {
      const rooms = await roomsOf(database, ids);
      return new Map(
        await Promise.all(rooms.map(async ({ id, room }) => [id, await leftOf(homeserver, room)] as const)),
      );
    },
  };
}

async function leftOf(homeserver: Homeserver, room: RoomId): Promise<UserId[]> {
  const state = await adminState(homeserver, room);
  return state.flatMap(({ type, state_key, content: { membership } }) =>
    type === "m.room.member" && (membership === "leave" || membership === "ban") ? [state_key as UserId] : [],
  );
}

/** The room as the homeserver has it right now; null: it does not exist there. */
async function askedOf(homeserver: Homeserver, id: RoomId): Promise<KnownRoom | null> {
  const state = await adminState(homeserver, id).catch((error: unknown) => {
    if (error instanceof MatrixRefused) return [];
    throw error;
  });
  const present = state.flatMap(({ type, state_key, content: { membership } }) =>
    type === "m.room.member" && (membership === "join" || membership === "invite")
      ? [{ user: state_key as UserId, joined: membership === "join" }]
      : [],
  );
  return present.length === 0 ? null : madeOf(present);
}

const madeOf = (present: readonly Present[]): KnownRoom => ({
  room: "user-made",
  others: present.map(({ user }) => user),
  joined: present.flatMap(({ user, joined }) => (joined ? [user] : [])),
  settled: false,
});
