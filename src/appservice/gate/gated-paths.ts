/**
 * Which requests the gate must see, and why. This list is the only one: the gate sorts requests by it, and the test of
 * the Docker setup holds nginx to it. The expressions mean the same in JavaScript and in PCRE, and are tried on the
 * path as it was sent, which is what Synapse matches its own routes against (`JsonResource._get_handler_for_request`).
 *
 * Seen on Synapse 1.160 with a user who was kicked from a room and made to forget it, see docs/decisions/read-gate.md.
 */

/** What a gated request asks for; each kind has its own rule. */
export type GatedKind =
  /** One event, or one and its surroundings: served for ever to who was there, with later edits and replies. */
  | "event"
  /** Any other read below a room. Forgetting closes most, but not `/members?at=`, and nothing before the forgetting. */
  | "room"
  /** The old endpoint of one event that names no room. */
  | "bare-event"
  /** The old way to wait for events. It looks who is a member before it waits, and reads when the waiting is over. */
  | "event-stream"
  /** The old way to begin a sync: with `archived` it serves rooms that were left. */
  | "initial-sync"
  /** Keeps the text of what once notified. */
  | "notifications"
  /** With an old or invented `since` it serves a left room from its beginning up to the leaving, forgotten or not. */
  | "sync"
  /** The same with `pos`. */
  | "sliding-sync"
  /** Reaches every device of anybody, past the invitations: people who never receive would get it too. */
  | "to-device"
  /** Tells the others how far somebody has read; Synapse takes it from who has left as well. */
  | "receipt"
  /** Says where push notifications go, and how much they say. */
  | "pusher"
  /** Synapse serves any file to anyone signed in. */
  | "media"
  /** Files without a token. */
  | "legacy-media";

export interface GatedPath {
  readonly kind: GatedKind;
  /** Requests with another method pass. HEAD counts as GET, as in Synapse. */
  readonly method: "GET" | "POST" | "PUT";
  readonly pattern: string;
}

/**
 * All that may stand before what is asked for: `v3`, `api/v1`, `unstable/org.matrix.msc1234`, and more steps than
 * that. Synapse leaves the dots in its routes unescaped, and a dot of an expression fits a slash too: it serves
 * `unstable/org/matrix/simplified_msc3575/sync` (rest/client/sync.py). The steps end at the first `rooms` or `user`:
 * what follows there is named by whoever asks, so `rooms/{room}/state/rooms/{other}` is about the first room.
 */
const BEFORE = "/_matrix/client/(?:(?!(?:rooms|user)/)[^/]+/)+";

/**
 * In this order: the first that fits decides, and it must be the kind of the servlet that Synapse would use
 * (synapse-routes.test.ts compares them). Files first: server, id and name of a file are chosen freely, and would
 * otherwise make a file look like a sync.
 */
export const GATED_PATHS: readonly GatedPath[] = [
  { kind: "media", method: "GET", pattern: `^${BEFORE}?media/(?:download|thumbnail)/([^/]*)/([^/]*)` },
  { kind: "legacy-media", method: "GET", pattern: "^/_matrix/media/[^/]+/(?:download|thumbnail)/" },
  { kind: "receipt", method: "POST", pattern: `^${BEFORE}rooms/([^/]*)/(?:receipt|read_markers)(?:/|$)` },
  { kind: "pusher", method: "POST", pattern: `^${BEFORE}pushers/set(?:/|$)` },
  { kind: "event", method: "GET", pattern: `^${BEFORE}rooms/([^/]*)/(?:event|context)/` },
  { kind: "room", method: "GET", pattern: `^${BEFORE}rooms/([^/]*)` },
  { kind: "bare-event", method: "GET", pattern: `^${BEFORE}events/` },
  // Not behind any steps: the messages of a dehydrated device are asked for by `…/events` too.
  { kind: "event-stream", method: "GET", pattern: "^/_matrix/client/(?:api/)?[^/]+/events$" },
  { kind: "room", method: "GET", pattern: `^${BEFORE}(?:room_)?summary/([^/]*)` },
  { kind: "initial-sync", method: "GET", pattern: `^${BEFORE}initialSync(?:/|$)` },
  { kind: "notifications", method: "GET", pattern: `^${BEFORE}notifications(?:/|$)` },
  { kind: "sync", method: "GET", pattern: `^${BEFORE}sync(?:/|$)` },
  { kind: "sliding-sync", method: "POST", pattern: `^${BEFORE}sync(?:/|$)` },
  { kind: "to-device", method: "PUT", pattern: `^${BEFORE}sendToDevice/` },
];

const COMPILED = GATED_PATHS.map((path) => ({ ...path, expression: new RegExp(path.pattern) }));

export interface Gated {
  readonly kind: GatedKind;
  /** What the pattern caught, still percent-encoded: the room, or server and id of a file. */
  readonly caught: readonly string[];
}

/** @returns null for a request that the gate has nothing to say about. */
export function gatedBy(method: string, path: string): Gated | null {
  const asked = method === "HEAD" ? "GET" : method;
  for (const { kind, method: gated, expression } of COMPILED) {
    const match = gated === asked ? expression.exec(path) : null;
    if (match !== null) return { kind, caught: match.slice(1) };
  }
  return null;
}
