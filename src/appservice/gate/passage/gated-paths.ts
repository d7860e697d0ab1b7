/**
 * Which requests the gate must see, and why. This is the only such list: the gate sorts requests by it, and the test of
 * the Docker setup checks nginx against it. The expressions mean the same in JavaScript and in PCRE, and are matched
 * against the path as sent, which is what Synapse matches its own routes against
 * (`JsonResource._get_handler_for_request`).
 *
 * Observed on Synapse 1.160 with a user who was kicked from a room and made to forget it, see
 * docs/decisions/read-gate.md.
 */

/** What a gated request asks for. Each kind has its own rule. */
export type GatedKind =
  /** One event, alone or with its context: served for ever to anyone who was there, with later edits and replies. */
  | "event"
  /**
   * Any other read below a room. Forgetting closes most of them, but not `/members?at=`, and none before the
   * forgetting.
   */
  | "room"
  /** The old endpoint for one event, which names no room. */
  | "bare-event"
  /** The old way to wait for events. It checks membership before it waits and reads afterwards. */
  | "event-stream"
  /** The old way to begin a sync: with `archived` it serves rooms that the user has left. */
  | "initial-sync"
  /** Keeps the text of past notifications. */
  | "notifications"
  /** With an old or invented `since` it serves a left room from its beginning up to the departure, forgotten or not. */
  | "sync"
  /** The same with `pos`. */
  | "sliding-sync"
  /** Reaches every device of anyone, without an invitation: people who never receive would get it too. */
  | "to-device"
  /** Sets one's own membership: join, leave or knock, and why. */
  | "own-membership"
  /** Sets someone else's. */
  | "membership-of-other"
  /** The same, with any content. */
  | "membership-as-state"
  /** Invites people, which shows them the room's name and topic. */
  | "create-room"
  /** Replaces a room with one of another version, which only the rules may choose. */
  | "upgrade"
  /** Sets whose messages someone never sees: they could name Whisper. */
  | "ignored-users"
  /** Says which of someone's rooms are direct chats. */
  | "direct-chats"
  /** Says that someone wants to see a room as unread: it stays in their list. */
  | "marked-unread"
  /** Tells others how far someone has read; Synapse accepts it even from people who have left. */
  | "receipt"
  /** Sets where push notifications go, and how much they say. */
  | "pusher"
  /** Synapse connects to any identity server that the client names. */
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
 * Everything that may come before the resource: `v3`, `api/v1`, `unstable/org.matrix.msc1234`, and even more steps.
 * Synapse does not escape the dots in its routes, and a dot in an expression also matches a slash: it serves
 * `unstable/org/matrix/simplified_msc3575/sync` (rest/client/sync.py). The steps end at the first `rooms` or `user`:
 * the caller chooses every name after it, so `rooms/{room}/state/rooms/{other}` is about the first room.
 */
const BEFORE = "/_matrix/client/(?:(?!(?:rooms|user)/)[^/]+/)+";

/** These follow a version directly: after more steps, the words are names of something else. */
const VERSION = "/_matrix/client/(?:api/)?[^/]+/";
/**
 * Synapse accepts as PUT, with a transaction id after the path, everything that it accepts as POST
 * (`register_txn_path`).
 */
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
 * In this order: the first match decides, and it must be the kind of the servlet that Synapse would use
 * (synapse-routes.test.ts compares them). Files first: a file's server, id and name are chosen freely, and could
 * otherwise make it look like a sync. So could a room with such a name in a request to join it.
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
  { kind: "upgrade", method: "POST", pattern: `^${BEFORE}rooms/([^/]*)/upgrade(?:/|$)` },
  {
    kind: "ignored-users",
    method: "PUT",
    pattern: `^${VERSION}user/[^/]*/account_data/${spelt("m.ignored_user_list")}(?:/|$)`,
  },
  {
    kind: "direct-chats",
    method: "PUT",
    pattern: `^${VERSION}user/[^/]*/account_data/${spelt("m.direct")}(?:/|$)`,
  },
  ...["m.marked_unread", "com.famedly.marked_unread"].map(
    (type): GatedPath => ({
      kind: "marked-unread",
      method: "PUT",
      pattern: `^${VERSION}user/[^/]*/rooms/([^/]*)/account_data/${spelt(type)}(?:/|$)`,
    }),
  ),
  { kind: "receipt", method: "POST", pattern: `^${BEFORE}rooms/([^/]*)/(?:receipt|read_markers)(?:/|$)` },
  { kind: "pusher", method: "POST", pattern: `^${BEFORE}pushers/set(?:/|$)` },
  { kind: "event", method: "GET", pattern: `^${BEFORE}rooms/([^/]*)/(?:event|context)/` },
  { kind: "room", method: "GET", pattern: `^${BEFORE}rooms/([^/]*)` },
  { kind: "bare-event", method: "GET", pattern: `^${BEFORE}events/` },
  // No further steps: the messages of a dehydrated device are also requested by `…/events`.
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
  /** What the pattern captured, still percent-encoded: the room, or the server and id of a file. */
  readonly caught: readonly string[];
}

/** @returns null for a request that does not concern the gate. */
export function gatedBy(method: string, path: string): Gated | null {
  const asked = method === "HEAD" ? "GET" : method;
  for (const { kind, method: gated, expression } of COMPILED) {
    const match = gated === asked ? expression.exec(path) : null;
    if (match !== null) return { kind, caught: match.slice(1) };
  }
  return null;
}
