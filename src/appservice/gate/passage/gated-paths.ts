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
  /** Says what a membership of one's own is to be: to join, to leave or to ask, and why. */
  | "own-membership"
  /** The same of somebody else. */
  | "membership-of-other"
  /** The same, with any content. */
  | "membership-as-state"
  /** Invites, which tells those invited the room's name and topic. */
  | "create-room"
  /** Says whose messages somebody is shown none of: Whisper's too, if they say so. */
  | "ignored-users"
  /** Tells the others how far somebody has read; Synapse takes it from who has left as well. */
  | "receipt"
  /** Says where push notifications go, and how much they say. */
  | "pusher"
  /** Synapse connects to whatever identity server the client names. */
  | "identity-server"
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

/** What these have before them is no more than a version: behind more steps, the words are names of something else. */
const VERSION = "/_matrix/client/(?:api/)?[^/]+/";
/** Synapse takes with PUT, and a transaction id behind the path, what it takes with POST (`register_txn_path`). */
const BOTH = ["POST", "PUT"] as const;

/** A parameter, which Synapse decodes: each character as it is or percent-encoded. */
const spelt = (text: string): string =>
  [...text]
    .map((character) => {
      const [high, low = ""] = character.charCodeAt(0).toString(16);
      const itself = /\w/.test(character) ? character : `[${character}]`;
      return `(?:${itself}|%${high}${/\d/.test(low) ? low : `[${low}${low.toUpperCase()}]`})`;
    })
    .join("");

/**
 * In this order: the first that fits decides, and it must be the kind of the servlet that Synapse would use
 * (synapse-routes.test.ts compares them). Files first: server, id and name of a file are chosen freely, and would
 * otherwise make a file look like a sync. So would a room that is called so, of which somebody says that they join it.
 */
export const GATED_PATHS: readonly GatedPath[] = [
  { kind: "media", method: "GET", pattern: `^${BEFORE}?media/(?:download|thumbnail)/([^/]*)/([^/]*)` },
  { kind: "legacy-media", method: "GET", pattern: "^/_matrix/media/[^/]+/(?:download|thumbnail)/" },
  ...BOTH.flatMap((method): GatedPath[] => [
    { kind: "own-membership", method, pattern: `^${BEFORE}rooms/([^/]*)/(?:join|leave)(?:/|$)` },
    {
      kind: "membership-of-other",
      method,
      pattern: `^${BEFORE}rooms/([^/]*)/(invite|kick|ban|unban)(?:/|$)`,
    },
    { kind: "own-membership", method, pattern: `^${VERSION}(?:join|knock)/([^/]*)` },
    { kind: "create-room", method, pattern: `^${VERSION}createRoom(?:/|$)` },
  ]),
  {
    kind: "membership-as-state",
    method: "PUT",
    pattern: `^${BEFORE}rooms/([^/]*)/state/${spelt("m.room.member")}(?:/([^/]*)|$)`,
  },
  {
    kind: "ignored-users",
    method: "PUT",
    pattern: `^${BEFORE}user/[^/]*/account_data/${spelt("m.ignored_user_list")}(?:/|$)`,
  },
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
  { kind: "identity-server", method: "POST", pattern: `^${BEFORE}account/3pid/(?:un)?bind(?:/|$)` },
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
