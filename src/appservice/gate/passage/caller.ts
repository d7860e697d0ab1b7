import { createHash } from "node:crypto";
import type { Request } from "express";
import type { RoomId, UserId } from "../../../policy/model.ts";
import { type JsonAnswer, SynapseAway, type Upstream } from "../../homeserver/upstream.ts";
import { Kept } from "./kept.ts";
import { queryOf } from "./request-path.ts";

/** Synapse's own refusal of the caller, such as an unknown token or a locked account. It is passed on unchanged. */
export class CallerRefused extends Error {
  override readonly name = "CallerRefused";
  readonly answer: JsonAnswer;

  constructor(answer: JsonAnswer) {
    super(`Synapse refused the caller: ${answer.status}`);
    this.answer = answer;
  }
}

/** Synapse answered, but not with what was asked for. */
export class Undecidable extends Error {
  override readonly name = "Undecidable";
}

/**
 * Who makes a request, and where they are a member: asked from Synapse with the request's own token.
 *
 * Not from the mirror: transactions feed it, so it is late by design, and a kick behind Whisper's back must count too.
 * Synapse answers `/joined_rooms` from its cache in one or two milliseconds.
 */
export interface Callers {
  /** Always asked again: true at some moment after the call. */
  joinedRooms(request: Request): Promise<ReadonlySet<string>>;
  /** Is the caller in one of `rooms`? A yes may be up to a second old, for a room full of pictures; a no never is. */
  isInOneOf(request: Request, rooms: readonly RoomId[]): Promise<boolean>;
  userId(request: Request): Promise<UserId>;
}

export interface CallerOptions {
  readonly upstream: Upstream;
  /** Milliseconds for which a caller still counts as a member after having been one. */
  readonly keepMembership: number;
}

/**
 * Milliseconds for which a token's user is remembered. The user never changes; Synapse says whether the token is still
 * valid.
 */
const KEEP_USER = 300_000;
export const KEEP_MEMBERSHIP = 1_000;

const PATIENCE = 10_000;

export function callers({ upstream, keepMembership }: CallerOptions): Callers {
  const clock = () => performance.now();
  const users = new Kept<UserId>(5_000, KEEP_USER, clock);
  const memberships = new Kept<ReadonlySet<string>>(5_000, keepMembership, clock);

  const ask = async (request: Request, path: string): Promise<Record<string, unknown>> => {
    // The query goes along as sent: Synapse also reads a token or a masqueraded user from it, and splits queries in its
    // own way. So both requests are authenticated alike, whatever they contain.
    const query = queryOf(request.originalUrl);
    const { authorization } = request.headers;
    const answer = await upstream.json({
      method: "GET",
      target: query === "" ? path : `${path}?${query}`,
      headers: authorization === undefined ? {} : { authorization },
      patience: PATIENCE,
    });
    if (answer.status === 401 || answer.status === 403 || answer.status === 429)
      throw new CallerRefused(answer);
    if (answer.status >= 500) throw new SynapseAway(`Synapse answered ${answer.status}`);
    const body = answer.status === 200 ? objectIn(answer.text) : undefined;
    if (body === undefined) throw new Undecidable(`Synapse answered ${answer.status} to ${path}`);
    return body;
  };

  const joinedRooms = async (request: Request): Promise<ReadonlySet<string>> => {
    const { joined_rooms } = await ask(request, "/_matrix/client/v3/joined_rooms");
    if (!Array.isArray(joined_rooms)) throw new Undecidable("joined_rooms holds no rooms");
    const joined = new Set(joined_rooms.filter((room) => typeof room === "string"));
    const key = keyOf(request);
    if (key !== undefined) memberships.set(key, joined);
    return joined;
  };

  return {
    joinedRooms,
    async isInOneOf(request, rooms) {
      if (rooms.length === 0) return false;
      const key = keyOf(request);
      const known = key === undefined ? undefined : memberships.get(key);
      if (known !== undefined && rooms.some((room) => known.has(room))) return true;
      const joined = await joinedRooms(request);
      return rooms.some((room) => joined.has(room));
    },
    async userId(request) {
      const key = keyOf(request);
      const known = key === undefined ? undefined : users.get(key);
      if (known !== undefined) return known;
      const { user_id } = await ask(request, "/_matrix/client/v3/account/whoami");
      if (typeof user_id !== "string") throw new Undecidable("whoami names no user");
      if (key !== undefined) users.set(key, user_id as UserId);
      return user_id as UserId;
    },
  };
}

/**
 * Identifies the caller without keeping the token. Undefined if the query may influence who it is (an old way to pass
 * the token, and masquerading): Synapse is then asked each time.
 */
function keyOf(request: Request): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined || namesCaller(queryOf(request.originalUrl))) return undefined;
  return createHash("sha256").update(authorization).digest("base64");
}

/** Reads names as Twisted does: splits at `&` and `;`, and `+` is a space (twisted.web.http.parse_qs). */
function namesCaller(query: string): boolean {
  return query.split(/[&;]/).some((part) => {
    const name = part.split("=", 1)[0] ?? "";
    try {
      return /token|user|device/.test(decodeURIComponent(name.replaceAll("+", " ")));
    } catch {
      return true;
    }
  });
}

export function objectIn(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
