import type { UserId } from "../../../policy/model.ts";

/**
 * What a sync may say about a room that the user has left: only that they have left it. Synapse adds the room's
 * timeline and state since the client's token. With an old or invented token that is the whole history up to the
 * departure, even if the room is forgotten (observed on 1.160; `SyncHandler._get_room_changes_for_incremental_sync`).
 */

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ownLeaving = (user: UserId) => (event: unknown) =>
  isObject(event) &&
  event.type === "m.room.member" &&
  event.state_key === user &&
  isObject(event.content) &&
  (event.content.membership === "leave" || event.content.membership === "ban");

/**
 * The state at the end of the timeline, by both its names (MSC4222). A client that gets it takes none from the
 * timeline, and Synapse leaves out of it the departure of a room's last member: the room would stay in the list for
 * good.
 */
const STATE_AFTER = ["state_after", "org.matrix.msc4222.state_after"];

/** A sync's `rooms.leave` reduced, in each room and each list of events, to the user's own departure. */
export function withoutContent(leave: unknown, user: UserId): Json {
  if (!isObject(leave)) return {};
  return Object.fromEntries(Object.entries(leave).map(([room, part]) => [room, leftRoom(part, user)]));
}

function leftRoom(room: unknown, user: UserId): Json {
  const kept: Record<string, { readonly events: readonly unknown[] }> = {
    timeline: { events: [] },
    state: { events: [] },
    account_data: { events: [] },
  };
  for (const [name, part] of Object.entries(isObject(room) ? room : {})) {
    if (isObject(part) && Array.isArray(part.events))
      kept[name] = { events: part.events.filter(ownLeaving(user)) };
  }
  const departure = Object.values(kept).flatMap(({ events }) => events)[0];
  for (const name of STATE_AFTER)
    if (kept[name]?.events.length === 0 && departure !== undefined) kept[name] = { events: [departure] };
  // Marked as complete, with no token to go back by: a client must not try to fill a gap that it cannot.
  return { ...kept, timeline: { ...kept.timeline, limited: false } };
}

/** What a sliding sync may show of a room the user is not in: an invitation's content, and the user's own departure. */
const HARMLESS = [
  "initial",
  "membership",
  "bump_stamp",
  "notification_count",
  "highlight_count",
  "is_dm",
  "lists",
  "invite_state",
  "knock_state",
  "stripped_state",
];

/** @returns the rooms about which a sliding sync's answer says anything. */
export function roomsIn(answer: Json): readonly string[] {
  const rooms = new Set(isObject(answer.rooms) ? Object.keys(answer.rooms) : []);
  for (const extension of Object.values(isObject(answer.extensions) ? answer.extensions : {})) {
    for (const part of byRoom(extension)) for (const room of Object.keys(part)) rooms.add(room);
  }
  return [...rooms];
}

/** A sliding sync's answer without the content of rooms that the user is not in. */
export function withoutLeftRooms(answer: Json, joined: ReadonlySet<string>, user: UserId): Json {
  const rooms = Object.entries(isObject(answer.rooms) ? answer.rooms : {}).map(([id, room]) => [
    id,
    joined.has(id) ? room : strippedRoom(room, user),
  ]);
  const extensions = Object.entries(isObject(answer.extensions) ? answer.extensions : {}).map(
    ([name, extension]) => [name, joinedOnly(extension, joined)],
  );
  return {
    ...answer,
    ...(answer.rooms === undefined ? {} : { rooms: Object.fromEntries(rooms) }),
    ...(answer.extensions === undefined ? {} : { extensions: Object.fromEntries(extensions) }),
  };
}

function strippedRoom(room: unknown, user: UserId): Json {
  if (!isObject(room)) return {};
  const kept: Record<string, unknown> = {};
  for (const key of HARMLESS) if (key in room) kept[key] = room[key];
  for (const key of ["required_state", "timeline"]) {
    const events = room[key];
    if (Array.isArray(events)) kept[key] = events.filter(ownLeaving(user));
  }
  return kept;
}

/** Extensions list their rooms in their own members (`rooms`; for threads `subscribed` and `unsubscribed`). */
const BY_ROOM = ["rooms", "subscribed", "unsubscribed", "roots"];

function byRoom(extension: unknown): readonly Json[] {
  return isObject(extension) ? BY_ROOM.map((name) => extension[name]).filter(isObject) : [];
}

function joinedOnly(extension: unknown, joined: ReadonlySet<string>): unknown {
  if (!isObject(extension)) return extension;
  const kept: Record<string, unknown> = { ...extension };
  for (const name of BY_ROOM) {
    const part = extension[name];
    if (isObject(part))
      kept[name] = Object.fromEntries(Object.entries(part).filter(([room]) => joined.has(room)));
  }
  return kept;
}
