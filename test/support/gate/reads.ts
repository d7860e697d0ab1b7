/** Every request by which someone who was removed from a room might still read it. */
import type { EventId, RoomId } from "../../../src/policy/model.ts";
import type { Caller } from "./caller.ts";

export const C = "/_matrix/client";
export const SLIDING = `${C}/unstable/org.matrix.simplified_msc3575/sync`;
/** A token that no one was ever given: from the beginning of time. */
const FORGED = "s1_1_0_1_1_1_1_1_0_1_1_1_1_1";
export const enc = encodeURIComponent;

export interface Scene {
  readonly ann: Caller;
  readonly bob: Caller;
  readonly room: RoomId;
  readonly own: RoomId;
  readonly first: EventId;
  readonly second: EventId;
  /** Bob's sync tokens from before the messages, and from after. */
  readonly before: string;
  readonly after: string;
  readonly slidingBefore: string;
}

interface Read {
  readonly name: string;
  readonly method?: "GET" | "POST";
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => unknown;
}

const inRoom =
  (rest: string, version = "v3") =>
  (scene: Scene) =>
    `${C}/${version}/rooms/${enc(scene.room)}/${rest.replace("{first}", enc(scene.first)).replace("{second}", enc(scene.second)).replace("{before}", scene.before).replace("{after}", scene.after)}`;
const WITH_LEFT = enc(JSON.stringify({ room: { include_leave: true, timeline: { limit: 1_000 } } }));
export const slidingBody = ({ room }: Scene) => ({
  conn_id: "probe",
  lists: { all: { ranges: [[0, 50]], timeline_limit: 50, required_state: [["*", "*"]] } },
  room_subscriptions: { [room]: { timeline_limit: 50, required_state: [["*", "*"]] } },
  extensions: { receipts: { enabled: true }, account_data: { enabled: true }, typing: { enabled: true } },
});

export const READS: readonly Read[] = [
  ...["r0", "v3", "unstable", "api/v1"].flatMap((version): Read[] => [
    { name: `${version} event`, path: inRoom("event/{first}", version) },
    { name: `${version} context`, path: inRoom("context/{first}?limit=50", version) },
    {
      name: `${version} one event without its room`,
      path: ({ first }) => `${C}/${version}/events/${enc(first)}`,
    },
  ]),
  { name: "event with the thread's replies", path: inRoom("event/{second}") },
  {
    name: "context under another room's name",
    path: ({ own, first }) => `${C}/v3/rooms/${enc(own)}/context/${enc(first)}`,
  },
  {
    name: "event under another room's name",
    path: ({ own, first }) => `${C}/v3/rooms/${enc(own)}/event/${enc(first)}`,
  },
  { name: "notifications", path: () => `${C}/v3/notifications?limit=500` },
  { name: "highlights", path: () => `${C}/v3/notifications?only=highlight` },
  { name: "sync", path: () => `${C}/v3/sync` },
  { name: "sync with left rooms", path: () => `${C}/v3/sync?filter=${WITH_LEFT}` },
  { name: "sync from before", path: ({ before }) => `${C}/v3/sync?since=${before}&timeout=0` },
  {
    name: "sync from before, left rooms",
    path: ({ before }) => `${C}/v3/sync?since=${before}&filter=${WITH_LEFT}`,
  },
  {
    name: "sync from before, whole state",
    path: ({ before }) => `${C}/v3/sync?since=${before}&full_state=true`,
  },
  {
    name: "sync from before, state after",
    path: ({ before }) =>
      `${C}/v3/sync?since=${before}&org.matrix.msc4222.use_state_after=true&full_state=true`,
  },
  { name: "sync from the beginning of time", path: () => `${C}/v3/sync?since=${FORGED}&filter=${WITH_LEFT}` },
  {
    name: "sync r0 from the beginning of time",
    path: () => `${C}/r0/sync?since=${FORGED}&filter=${WITH_LEFT}`,
  },
  { name: "sync from after", path: ({ after }) => `${C}/v3/sync?since=${after}&timeout=0` },
  {
    name: "sliding sync",
    method: "POST",
    path: () => SLIDING,
    body: (scene) => ({ ...slidingBody(scene), conn_id: "new" }),
  },
  {
    name: "sliding sync from before",
    method: "POST",
    path: ({ slidingBefore }) => `${SLIDING}?pos=${enc(slidingBefore)}`,
    body: slidingBody,
  },
  {
    name: "sliding sync from the beginning of time",
    method: "POST",
    path: () => `${SLIDING}?pos=${enc(`0/${FORGED}`)}`,
    body: slidingBody,
  },
  {
    name: "sliding sync from the beginning of time, without dots",
    method: "POST",
    path: () => `${SLIDING.replaceAll("org.matrix.", "org/matrix/")}?pos=${enc(`0/${FORGED}`)}`,
    body: slidingBody,
  },
  { name: "messages backward", path: inRoom("messages?dir=b&limit=1000") },
  { name: "messages forward", path: inRoom("messages?dir=f&limit=1000&from={before}") },
  { name: "messages from a token", path: inRoom("messages?dir=b&limit=1000&from={after}") },
  { name: "relations", path: inRoom("relations/{first}", "v1") },
  { name: "relations of a kind", path: inRoom("relations/{second}/m.thread/m.room.message", "v1") },
  { name: "threads", path: inRoom("threads", "v1") },
  { name: "state", path: inRoom("state") },
  { name: "topic", path: inRoom("state/m.room.topic") },
  { name: "topic as event", path: inRoom("state/m.room.topic/?format=event") },
  { name: "members", path: inRoom("members") },
  { name: "members at a time", path: inRoom("members?at={before}") },
  { name: "joined members", path: inRoom("joined_members") },
  { name: "initial sync of the room", path: inRoom("initialSync") },
  { name: "initial sync", path: () => `${C}/v3/initialSync?archived=true&limit=100` },
  { name: "aliases", path: inRoom("aliases") },
  { name: "timestamp to event", path: inRoom("timestamp_to_event?ts=0&dir=f", "v1") },
  { name: "hierarchy", path: inRoom("hierarchy", "v1") },
  { name: "summary", path: ({ room }) => `${C}/v1/room_summary/${enc(room)}` },
  {
    name: "unstable summary",
    path: ({ room }) => `${C}/unstable/im.nheko.summary/rooms/${enc(room)}/summary`,
  },
  {
    name: "unstable summary without dots",
    path: ({ room }) => `${C}/unstable/im/nheko/summary/rooms/${enc(room)}/summary`,
  },
  {
    name: "old events of the room",
    path: ({ room, before }) => `${C}/v3/events?room_id=${enc(room)}&from=${before}&timeout=1`,
  },
  { name: "old events", path: ({ before }) => `${C}/v3/events?from=${before}&timeout=1` },
  { name: "public rooms", path: () => `${C}/v3/publicRooms` },
  { name: "joined rooms", path: () => `${C}/v3/joined_rooms` },
  { name: "tags", path: ({ bob, room }) => `${C}/v3/user/${enc(bob.userId)}/rooms/${enc(room)}/tags` },
  { name: "delayed events", path: () => `${C}/unstable/org.matrix.msc4140/delayed_events` },
  {
    name: "thread subscription",
    path: ({ room, second }) =>
      `${C}/unstable/io.element.msc4306/rooms/${enc(room)}/thread/${enc(second)}/subscription`,
  },
  {
    name: "search",
    method: "POST",
    path: () => `${C}/v3/search`,
    body: ({ room }) => ({
      search_categories: {
        room_events: {
          search_term: "roster",
          filter: { rooms: [room] },
          event_context: {},
          include_state: true,
        },
      },
    }),
  },
  {
    name: "search everywhere",
    method: "POST",
    path: () => `${C}/v3/search`,
    body: () => ({
      search_categories: { room_events: { search_term: "roster", event_context: {}, include_state: true } },
    }),
  },
  {
    name: "report",
    method: "POST",
    path: ({ room, first }) => `${C}/v3/rooms/${enc(room)}/report/${enc(first)}`,
    body: () => ({ reason: "curious" }),
  },
  { name: "knock", method: "POST", path: ({ room }) => `${C}/v3/knock/${enc(room)}`, body: () => ({}) },
  { name: "join", method: "POST", path: ({ room }) => `${C}/v3/join/${enc(room)}`, body: () => ({}) },
  {
    name: "upgrade",
    method: "POST",
    path: ({ room }) => `${C}/v3/rooms/${enc(room)}/upgrade`,
    body: () => ({ new_version: "11" }),
  },
  { name: "administration", path: ({ room }) => `/_synapse/admin/v1/rooms/${enc(room)}/messages` },
  { name: "federation", path: ({ first }) => `/_matrix/federation/v1/event/${enc(first)}` },
];

/** What Synapse alone still serves to someone who was kicked and made to forget: the reason for the gate. */
export const SERVED_BY_SYNAPSE = [
  ...["r0", "v3", "unstable", "api/v1"].flatMap((version) => [
    `${version} event`,
    `${version} context`,
    `${version} one event without its room`,
  ]),
  "event with the thread's replies",
  "highlights",
  "notifications",
  "sync from before",
  "sync from before, left rooms",
  "sync from before, state after",
  "sync from before, whole state",
  "sync from the beginning of time",
  "sync r0 from the beginning of time",
  "sliding sync from before",
  "sliding sync from the beginning of time",
  "sliding sync from the beginning of time, without dots",
  "members at a time",
];
