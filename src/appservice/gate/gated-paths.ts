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
  /** The old way to begin a sync: with `archived` it serves rooms that were left. */
  | "initial-sync"
  /** Keeps the text of what once notified. */
  | "notifications"
  /** With an old or invented `since` it serves a left room from its beginning up to the leaving, forgotten or not. */
  | "sync"
  /** The same with `pos`. */
  | "sliding-sync"
  /** Synapse serves any file to anyone signed in. */
  | "media"
  /** Files without a token. */
  | "legacy-media";

export interface GatedPath {
  readonly kind: GatedKind;
  /** Requests with another method pass: they read nothing. HEAD counts as GET, as in Synapse. */
  readonly method: "GET" | "POST";
  readonly pattern: string;
}

/** `v3`, `unstable`, or two steps: `api/v1`, `unstable/org.matrix.msc1234`. */
const VERSION = "/_matrix/client/[^/]+(?:/[^/]+)?";

/** In this order: the first that fits decides. */
export const GATED_PATHS: readonly GatedPath[] = [
  { kind: "event", method: "GET", pattern: `^${VERSION}/rooms/([^/]*)/(?:event|context)/` },
  { kind: "room", method: "GET", pattern: `^${VERSION}/rooms/([^/]*)` },
  { kind: "bare-event", method: "GET", pattern: `^${VERSION}/events/` },
  { kind: "room", method: "GET", pattern: `^${VERSION}/(?:room_)?summary/([^/]*)` },
  { kind: "initial-sync", method: "GET", pattern: `^${VERSION}/initialSync(?:/|$)` },
  { kind: "notifications", method: "GET", pattern: `^${VERSION}/notifications(?:/|$)` },
  { kind: "sync", method: "GET", pattern: `^${VERSION}/sync(?:/|$)` },
  { kind: "sliding-sync", method: "POST", pattern: `^${VERSION}/sync(?:/|$)` },
  { kind: "media", method: "GET", pattern: `^${VERSION}/media/(?:download|thumbnail)/([^/]*)/([^/]*)` },
  { kind: "legacy-media", method: "GET", pattern: "^/_matrix/media/[^/]+/(?:download|thumbnail)/" },
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
