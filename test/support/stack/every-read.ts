/** Every endpoint through which a client reads a room, tried as one person and compared with what they may know. */
import type { Person } from "../../../dev/clients/person.ts";

/** A room as someone knew it: where to look for what was said in it. */
export interface Known {
  readonly room: string;
  /** Events that they have seen. */
  readonly events: readonly string[];
  /** Their sync token from before anything was said. */
  readonly since: string;
  /** A file that was posted: server name and media id. */
  readonly media: string;
  /** A word that was said, for the search. The answer repeats it, so it is no secret itself. */
  readonly word: string;
}

export interface Read {
  readonly name: string;
  readonly method?: "POST";
  readonly paths: (known: Known, userId: string) => readonly string[];
  readonly body?: (known: Known) => object;
  /** A member finds what was said here. */
  readonly shows?: true;
  /** Synapse itself closes this to those who have forgotten the room. The gate closes the rest. */
  readonly closedByForget?: true;
}

const C = "/_matrix/client";
const enc = encodeURIComponent;
const WITH_LEFT = enc(JSON.stringify({ room: { include_leave: true, timeline: { limit: 1_000 } } }));
const inRoom =
  (rest: string, version = "v3") =>
  ({ room, since }: Known) => [`${C}/${version}/rooms/${enc(room)}/${rest.replace("{since}", since)}`];
const ofEvents =
  (before: string, after = "", version = "v3") =>
  ({ room, events }: Known) =>
    events.map((event) => `${C}/${version}/rooms/${enc(room)}/${before}/${enc(event)}${after}`);
const search = (word: string, room?: string) => ({
  search_categories: {
    room_events: {
      search_term: word,
      event_context: { before_limit: 5, after_limit: 5 },
      include_state: true,
      ...(room === undefined ? {} : { filter: { rooms: [room] } }),
    },
  },
});
const slidingBody = (room: string) => ({
  conn_id: `read ${Math.random()}`,
  lists: { all: { ranges: [[0, 99]], timeline_limit: 50, required_state: [["*", "*"]] } },
  room_subscriptions: { [room]: { timeline_limit: 50, required_state: [["*", "*"]] } },
});

export const EVERY_READ: readonly Read[] = [
  { name: "sync", paths: () => [`${C}/v3/sync?timeout=0`], shows: true, closedByForget: true },
  {
    name: "sync with left rooms",
    paths: () => [`${C}/v3/sync?timeout=0&filter=${WITH_LEFT}`],
    shows: true,
    closedByForget: true,
  },
  {
    name: "sync since before, with left rooms",
    paths: ({ since }) => [`${C}/v3/sync?timeout=0&since=${enc(since)}&filter=${WITH_LEFT}`],
    shows: true,
  },
  {
    name: "sync since before, whole state",
    paths: ({ since }) => [`${C}/v3/sync?timeout=0&since=${enc(since)}&full_state=true`],
    shows: true,
  },
  {
    name: "sliding sync",
    method: "POST",
    paths: () => [`${C}/unstable/org.matrix.simplified_msc3575/sync`],
    body: ({ room }) => slidingBody(room),
    shows: true,
    closedByForget: true,
  },
  {
    // A `pos` is a plain counter before a sync token: anyone can write one.
    name: "sliding sync since before",
    method: "POST",
    paths: ({ since }) =>
      ["org.matrix.", "org/matrix/"].map(
        (prefix) => `${C}/unstable/${prefix}simplified_msc3575/sync?timeout=0&pos=${enc(`0/${since}`)}`,
      ),
    body: ({ room }) => slidingBody(room),
    shows: true,
  },
  {
    name: "messages backward",
    paths: inRoom("messages?dir=b&limit=1000"),
    shows: true,
    closedByForget: true,
  },
  { name: "messages forward", paths: inRoom("messages?dir=f&limit=1000"), shows: true, closedByForget: true },
  {
    name: "messages forward from before",
    paths: inRoom("messages?dir=f&limit=1000&from={since}"),
    shows: true,
    closedByForget: true,
  },
  { name: "event", paths: ofEvents("event"), shows: true },
  { name: "context", paths: ofEvents("context", "?limit=50"), shows: true },
  {
    name: "event without its room",
    paths: ({ events }) => events.map((event) => `${C}/v3/events/${enc(event)}`),
    shows: true,
  },
  { name: "relations", paths: ofEvents("relations", "", "v1"), shows: true, closedByForget: true },
  { name: "thread", paths: ofEvents("relations", "/m.thread", "v1"), shows: true, closedByForget: true },
  { name: "threads", paths: inRoom("threads", "v1"), shows: true, closedByForget: true },
  {
    name: "search in the room",
    method: "POST",
    paths: () => [`${C}/v3/search`],
    body: ({ word, room }) => search(word, room),
    shows: true,
    closedByForget: true,
  },
  {
    name: "search everywhere",
    method: "POST",
    paths: () => [`${C}/v3/search`],
    body: ({ word }) => search(word),
    shows: true,
    closedByForget: true,
  },
  { name: "state", paths: inRoom("state"), closedByForget: true },
  { name: "state before", paths: inRoom("state?at={since}"), closedByForget: true },
  { name: "one state event", paths: inRoom("state/m.room.name/"), closedByForget: true },
  { name: "members", paths: inRoom("members"), closedByForget: true },
  { name: "joined members", paths: inRoom("joined_members"), closedByForget: true },
  { name: "initial sync of the room", paths: inRoom("initialSync"), shows: true, closedByForget: true },
  {
    name: "initial sync",
    paths: () => [`${C}/v3/initialSync?archived=true&limit=100`],
    shows: true,
    closedByForget: true,
  },
  {
    name: "old events",
    paths: ({ room, since }) => [`${C}/v3/events?room_id=${enc(room)}&from=${enc(since)}&timeout=1`],
    closedByForget: true,
  },
  { name: "timestamp to event", paths: inRoom("timestamp_to_event?ts=0&dir=f", "v1"), closedByForget: true },
  { name: "hierarchy", paths: inRoom("hierarchy", "v1"), closedByForget: true },
  { name: "summary", paths: ({ room }) => [`${C}/v1/room_summary/${enc(room)}`], closedByForget: true },
  { name: "notifications", paths: () => [`${C}/v3/notifications?limit=500`] },
  {
    name: "media",
    paths: ({ media }) => [
      `${C}/v1/media/download/${media}`,
      `/_matrix/media/v3/download/${media}`,
      `/_matrix/media/r0/download/${media}`,
    ],
    shows: true,
  },
  { name: "thumbnail", paths: ({ media }) => [`${C}/v1/media/thumbnail/${media}?width=32&height=32`] },
  { name: "joined rooms", paths: () => [`${C}/v3/joined_rooms`], closedByForget: true },
  {
    name: "joining again",
    method: "POST",
    paths: ({ room }) => [`${C}/v3/join/${enc(room)}`, `${C}/v3/knock/${enc(room)}`],
    body: () => ({}),
  },
];

export interface Answer {
  readonly name: string;
  readonly path: string;
  readonly status: number;
  readonly text: string;
}

/** Tries each read as this person at a homeserver, which may be the gate or Synapse itself. */
export async function readEverything(
  person: Person,
  homeserver: string,
  known: Known,
  reads: readonly Read[] = EVERY_READ,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { name, method = "GET", paths, body } of reads) {
    for (const path of paths(known, person.userId)) {
      const response = await fetch(new URL(path, homeserver), {
        method,
        headers: {
          authorization: `Bearer ${person.client.getAccessToken()}`,
          connection: "close",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body(known)) }),
        signal: AbortSignal.timeout(30_000),
      });
      answers.push({ name, path, status: response.status, text: await response.text() });
    }
  }
  return answers;
}

/** This person's sync token as of now. */
export async function syncToken(person: Person): Promise<string> {
  const { body } = await person.request("GET", `${C}/v3/sync?timeout=0`);
  if (
    typeof body === "object" &&
    body !== null &&
    "next_batch" in body &&
    typeof body.next_batch === "string"
  ) {
    return body.next_batch;
  }
  throw new Error("a sync without a token");
}
