import { storable } from "../../base/storable.ts";
import { directChatsSet } from "../../conversations/record/direct-chats.ts";
import { roomsInUse } from "../../conversations/record/retired-rooms.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { MatrixEvent } from "../../messages/event.ts";
import { mirrorDirect } from "../../mirror/direct-chats.ts";
import {
  aboutToAsk,
  awaitOwnMember,
  mirrorForgotten,
  mirrorOwnMember,
  mirrorOwnState,
  mirrorWholeRoom,
} from "../../mirror/mirror.ts";
import type {
  ConversationId,
  ExpectedRoom,
  PracticeSettings,
  RoomId,
  RoomStep,
  UserId,
} from "../../policy/model.ts";
import { MARKER_TYPE } from "../../policy/model.ts";
import { ROOM_VERSION } from "../../policy/rooms/expected-room.ts";
import type { Database } from "../../store/database.ts";
import { accountDataOf, directRooms } from "../homeserver/account-data.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";
import { giveSound } from "./sound.ts";

/** Rooms at the homeserver, and as the mirror has them. */
export interface RoomStepDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
}

/** The same, with what decides how a room should be. */
export interface RoomDependencies extends RoomStepDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
}

/**
 * Lets someone into an existing room, and records it in the mirror. Repeating it does no harm.
 * @param admits Do they still belong in the room? Asked once the mirror has recorded that they are being let in. A
 * change of the directory looks there afterwards: so either the change is seen here, or they are seen there and removed
 * again.
 */
export async function letIntoRoom(
  { database, homeserver }: RoomStepDependencies,
  room: RoomId,
  user: UserId,
  admits: () => Promise<boolean>,
): Promise<void> {
  await awaitOwnMember(database, room, user, "join");
  if (!(await admits())) return;
  // The admin API invites and joins in one call, so no invitation is ever left open.
  await homeserver.call({
    method: "POST",
    path: path`/_synapse/admin/v1/join/${room}`,
    body: { user_id: user },
  });
  await mirrorOwnMember(database, room, user, "join");
}

/** Carries out one step in an existing room, and records in the mirror what it did. Repeating it does no harm. */
export async function carryOutStep(
  { database, homeserver }: RoomStepDependencies,
  room: RoomId,
  step: RoomStep,
): Promise<void> {
  switch (step.step) {
    case "kick":
    case "unban":
      await awaitOwnMember(database, room, step.user, "leave");
      await homeserver.call({
        method: "POST",
        path:
          step.step === "kick"
            ? path`/_matrix/client/v3/rooms/${room}/kick`
            : path`/_matrix/client/v3/rooms/${room}/unban`,
        body: {
          user_id: step.user,
          ...(step.step === "kick" && step.reason !== undefined ? { reason: step.reason } : {}),
        },
      });
      await mirrorOwnMember(database, room, step.user, "leave");
      return;
    case "forget":
      await homeserver.call({
        method: "POST",
        path: path`/_matrix/client/v3/rooms/${room}/forget`,
        as: step.user,
      });
      await mirrorForgotten(database, room, step.user);
      return;
    case "state": {
      const sent = await homeserver.call<{ event_id: string }>({
        method: "PUT",
        path: path`/_matrix/client/v3/rooms/${room}/state/${step.type}/`,
        ...(step.as === undefined ? {} : { as: step.as }),
        body: step.content,
      });
      await mirrorOwnState(database, room, step.type, step.content, sent.event_id);
      return;
    }
    case "direct":
      await giveSound(homeserver, step.user, room);
      await markDirect(homeserver, step.user, step.other, room);
      await mirrorDirect(database, room, step.user);
      await putBackDirect(database, homeserver, step.user);
      return;
    default:
      step satisfies never;
  }
}

const directList = (user: UserId): string => path`/_matrix/client/v3/user/${user}/account_data/m.direct`;

/**
 * Two rooms of one person may be put on the list at the same time, and it can only be written whole: the later one takes
 * off it what the earlier one has put there since it looked. Each looks again once its own room is recorded, so whoever
 * looks last finds what is missing, and has it put there again.
 */
async function putBackDirect(database: Database, homeserver: Homeserver, user: UserId): Promise<void> {
  const now = await accountDataOf(homeserver, user, directList(user));
  await directChatsSet(database, user, directRooms(now));
}

/** Lists the room among the user's direct chats with the other (client-server API, "Direct Messaging"). */
async function markDirect(homeserver: Homeserver, user: UserId, other: UserId, room: RoomId): Promise<void> {
  const where = directList(user);
  const current = await accountDataOf(homeserver, user, where);
  const rooms = Array.isArray(current[other]) ? current[other] : [];
  if (rooms.includes(room)) return;
  await homeserver.call({
    method: "PUT",
    path: where,
    as: user,
    body: { ...current, [other]: [room, ...rooms] },
  });
}

/** Makes the room with all of its state from the first event on, so that nobody sees it half made. */
export async function createRoom(
  homeserver: Homeserver,
  expected: ExpectedRoom,
  as?: UserId,
): Promise<RoomId> {
  const {
    "m.room.name": name,
    "m.room.topic": topic,
    "m.room.power_levels": powerLevels,
    ...others
  } = expected.state;
  const created = await homeserver.call<{ room_id: RoomId }>({
    method: "POST",
    path: path`/_matrix/client/v3/createRoom`,
    ...(as === undefined ? {} : { as }),
    body: {
      room_version: ROOM_VERSION,
      preset: "private_chat",
      visibility: "private",
      creation_content: { "m.federate": false },
      is_direct: expected.direct.size > 0,
      power_level_content_override: powerLevels,
      initial_state: Object.entries({ ...others, "m.room.name": name, "m.room.topic": topic })
        .filter(([, content]) => content != null)
        .map(([type, content]) => ({ type, state_key: "", content })),
    },
  });
  return created.room_id;
}

/**
 * The room's state as `as` sees it; if they or the bot have lost the room, as an administrator sees it. Empty if the
 * room is gone from the homeserver.
 */
async function wholeState(homeserver: Homeserver, room: RoomId, as?: UserId): Promise<MatrixEvent[]> {
  try {
    return await homeserver.call<MatrixEvent[]>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/state`,
      ...(as === undefined ? {} : { as }),
    });
  } catch (error) {
    if (!(error instanceof MatrixRefused)) throw error;
  }
  try {
    return await adminState(homeserver, room);
  } catch (error) {
    if (error instanceof MatrixRefused && error.status === 404) return [];
    throw error;
  }
}

/** Admin API, "Room State API". @throws MatrixRefused with 404: the room does not exist. */
export async function adminState(homeserver: Homeserver, room: RoomId): Promise<MatrixEvent[]> {
  const { state } = await homeserver.call<{ state: MatrixEvent[] }>({
    method: "GET",
    path: path`/_synapse/admin/v1/rooms/${room}/state`,
  });
  return state;
}

/** Requests the whole room from the homeserver, as `as` sees it, and stores it in the mirror. */
export async function refetchRoom(
  database: Database,
  homeserver: Homeserver,
  room: RoomId,
  as?: UserId,
): Promise<MatrixEvent[]> {
  const asked = await aboutToAsk(database);
  const state = storable(await wholeState(homeserver, room, as));
  await database.transaction((tx) => mirrorWholeRoom(tx, room, state, asked));
  return state;
}

/**
 * A room that was made for the conversation and never recorded, because the process ended in between. It is found by
 * the marker that it was created with, among the rooms of the bot, or of `by`, that belong to no conversation.
 */
export async function findOrphan(
  { database, homeserver }: RoomStepDependencies,
  conversation: ConversationId,
  by?: UserId,
): Promise<RoomId | null> {
  const { joined_rooms } = await homeserver.call<{ joined_rooms: RoomId[] }>({
    method: "GET",
    path: path`/_matrix/client/v3/joined_rooms`,
    ...(by === undefined ? {} : { as: by }),
  });
  const taken = await roomsInUse(database, joined_rooms);
  for (const room of joined_rooms) {
    if (taken.has(room)) continue;
    const marker = await markerOf(homeserver, room, by);
    if (marker?.id === conversation) return room;
  }
  return null;
}

async function markerOf(homeserver: Homeserver, room: RoomId, as?: UserId): Promise<{ id?: unknown } | null> {
  try {
    return await homeserver.call<{ id?: unknown }>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/state/${MARKER_TYPE}/`,
      ...(as === undefined ? {} : { as }),
    });
  } catch (error) {
    if (error instanceof MatrixRefused) return null;
    throw error;
  }
}
