import { storable } from "../../base/storable.ts";
import type { MatrixEvent } from "../../messages/event.ts";
import type { ConversationId, ExpectedRoom, RoomId, Step, UserId } from "../../policy/model.ts";
import { MARKER_TYPE } from "../../policy/model.ts";
import { ROOM_VERSION } from "../../policy/rooms/expected-room.ts";
import type { Database } from "../../store/database.ts";
import { accountDataOf } from "../homeserver/account-data.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";
import {
  aboutToAsk,
  awaitOwnMember,
  mirrorDirect,
  mirrorForgotten,
  mirrorOwnMember,
  mirrorOwnState,
  mirrorWholeRoom,
} from "./mirror.ts";

export interface RoomStepDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly bot: UserId;
  /**
   * Does someone still belong in the room? Asked once the mirror has recorded that they are being let in. A change of
   * the directory looks there afterwards: so either the change is seen here, or they are seen there and removed again.
   */
  readonly admits?: (user: UserId) => Promise<boolean>;
}

/** Carries out one step in an existing room, and records in the mirror what it did. Repeating it does no harm. */
export async function carryOutStep(
  dependencies: RoomStepDependencies,
  room: RoomId,
  step: Step,
): Promise<void> {
  const { database, homeserver, bot } = dependencies;
  switch (step.step) {
    case "join":
      if (step.user === bot) throw new Error("the bot cannot let itself in");
      await awaitOwnMember(database, room, step.user, "join");
      if (dependencies.admits !== undefined && !(await dependencies.admits(step.user))) return;
      // The admin API invites and joins in one call, so no invitation is ever left open.
      await homeserver.call({
        method: "POST",
        path: path`/_synapse/admin/v1/join/${room}`,
        body: { user_id: step.user },
      });
      await mirrorOwnMember(database, room, step.user, "join");
      return;
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
      await markDirect(homeserver, step.user, step.other, room);
      await mirrorDirect(database, room, step.user);
      return;
    case "create":
    case "replace":
      throw new Error(`${step.step} is not done in a room that exists`);
    default:
      step satisfies never;
  }
}

/** Lists the room among the user's direct chats with the other (client-server API, "Direct Messaging"). */
async function markDirect(homeserver: Homeserver, user: UserId, other: UserId, room: RoomId): Promise<void> {
  const where = path`/_matrix/client/v3/user/${user}/account_data/m.direct`;
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
  dependencies: RoomStepDependencies,
  conversation: ConversationId,
  by?: UserId,
): Promise<RoomId | null> {
  const { database, homeserver } = dependencies;
  const { joined_rooms } = await homeserver.call<{ joined_rooms: RoomId[] }>({
    method: "GET",
    path: path`/_matrix/client/v3/joined_rooms`,
    ...(by === undefined ? {} : { as: by }),
  });
  const known = await database.query<{ room_id: RoomId }>(
    `SELECT room_id FROM conversations WHERE room_id = ANY($1)
     UNION SELECT room_id FROM retired_rooms WHERE room_id = ANY($1)`,
    [joined_rooms],
  );
  const taken = new Set(known.rows.map((row) => row.room_id));
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
