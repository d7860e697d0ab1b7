import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { UserId } from "../../../policy/model.ts";
import type { JsonAnswer, Upstream } from "../../homeserver/upstream.ts";
import { handOn, headersFor, RequestTooLarge, whileWanted } from "./answer.ts";
import { type Callers, objectIn, Undecidable } from "./caller.ts";
import type { Gated } from "./gated-paths.ts";
import { JsonPart } from "./json-part.ts";
import { roomsIn, withoutContent, withoutLeftRooms } from "./left-rooms.ts";
import { withoutInvitationsOf, withoutInvitedRooms } from "./own-invitations.ts";
import {
  NO_IDENTITY_SERVER,
  NOT_A_MEMBER,
  NOT_TO_DEVICES,
  ONLY_TO_YOURSELF,
  refuse,
  USE_SYNC,
} from "./refusal.ts";
import { decoded } from "./request-path.ts";

/** What a rule needs to carry a request out. */
export interface Passage {
  readonly callers: Callers;
  readonly upstream: Upstream;
  /** The headers of a request as Synapse shall see them. */
  headers(request: Request): IncomingHttpHeaders;
}

export type Rule = (passage: Passage, request: Request, response: Response, gated: Gated) => Promise<void>;

/** Synapse's own limit for one request is far below; a long poll answers within the client's timeout. */
const PATIENCE = 10 * 60_000;
/** Of the rooms that a user has left. Larger means something else is wrong, and is refused. */
const MOST_LEFT = 32 * 1024 * 1024;
/** A request that is looked into, a sliding sync's or a message to devices; Synapse takes no more than this for any JSON (`MAX_REQUEST_SIZE` is 200 of 64 kB events). */
const MOST_REQUEST = 1024 * 1024;

/**
 * Reads below a room: for those who are in it now. Here and in all rules, read first and asked afterwards: whoever is a
 * member at the later moment may see what was read at the earlier one, so no removal can slip in between. Synapse has
 * read everything when it sends the first byte (`respond_with_json`).
 */
export const room: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const answer = await begin(passage, request, response);
  try {
    const joined = await passage.callers.joinedRooms(request);
    if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
    await pour(answer, request, response);
  } finally {
    // What was read and not handed on.
    answer.destroy();
  }
};

/** One event, or its surroundings: every event must be of a room of the caller's. */
export const event: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const answer = await read(passage, request, response);
  const joined = await passage.callers.joinedRooms(request);
  if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
  if (answer.status !== 200) return handOn(response, answer);
  for (const each of eventsIn(answer))
    if (!joined.has(String(each.room_id))) return refuse(response, NOT_A_MEMBER);
  handOn(response, answer);
};

/** The old `/events/{eventId}`: the room is known from the event only. */
export const bareEvent: Rule = async (passage, request, response) => {
  const answer = await read(passage, request, response);
  if (answer.status !== 200) return handOn(response, answer);
  const roomId = objectIn(answer.text)?.room_id;
  const joined = await passage.callers.joinedRooms(request);
  if (typeof roomId !== "string" || !joined.has(roomId)) return refuse(response, NOT_A_MEMBER);
  handOn(response, answer);
};

/** A list of things that each name their room, without those of rooms that the caller is no longer in. */
const listOf =
  (name: "notifications" | "rooms"): Rule =>
  async (passage, request, response) => {
    const answer = await read(passage, request, response);
    if (answer.status !== 200) return handOn(response, answer);
    const body = objectIn(answer.text);
    const list = body?.[name];
    if (!Array.isArray(list)) throw new Undecidable(`no ${name} in the answer`);
    const joined = await passage.callers.joinedRooms(request);
    const kept = list.filter((each: unknown) => {
      const roomId =
        typeof each === "object" && each !== null && "room_id" in each ? each.room_id : undefined;
      return typeof roomId === "string" && joined.has(roomId);
    });
    // What is whole goes on byte for byte.
    if (kept.length === list.length) handOn(response, answer);
    else handOn(response, answer, JSON.stringify({ ...body, [name]: kept }));
  };

export const notifications: Rule = listOf("notifications");
export const initialSync: Rule = listOf("rooms");

/** A sync, streamed, in which rooms that the user has left say only that, and without Whisper's own invitations. */
export const sync =
  (bot: UserId): Rule =>
  async (passage, request, response) => {
    const part = (name: string, change: (part: unknown, user: UserId) => object) =>
      new JsonPart(
        ["rooms", name],
        async (json) => JSON.stringify(change(JSON.parse(json), await passage.callers.userId(request))),
        MOST_LEFT,
      );
    const answer = await begin(passage, request, response);
    try {
      await mustBeSync(answer, request.method);
      await pour(answer, request, response, [
        part("leave", withoutContent),
        part("invite", (invite, user) => withoutInvitationsOf(bot, invite, user)),
      ]);
    } finally {
      // What is no sync, and not handed on.
      answer.destroy();
    }
  };

/** The same for sliding sync, which does not set left rooms apart: asked afterwards, as for single events. */
export const slidingSync =
  (bot: UserId): Rule =>
  async (passage, request, response) => {
    const answer = await read(passage, request, response, await bodyOf(request));
    if (answer.status !== 200) return handOn(response, answer);
    const body = objectIn(answer.text);
    if (body === undefined) throw new Undecidable("a sliding sync of unknown form");
    const rooms = roomsIn(body);
    if (rooms.length === 0) return handOn(response, answer);
    const joined = await passage.callers.joinedRooms(request);
    if (rooms.every((id) => joined.has(id))) return handOn(response, answer);
    const user = await passage.callers.userId(request);
    const kept = withoutInvitedRooms(bot, withoutLeftRooms(body, joined, user), user);
    handOn(response, answer, JSON.stringify(kept));
  };

/**
 * Messages to devices, which the client's own sessions use to trust one another: nobody else is sent any. What goes on
 * is what was understood here, so that nothing can be read in another way by Synapse.
 */
export const toDevice: Rule = async (passage, request, response) => {
  const messages = objectIn((await bodyOf(request)).toString("utf8"))?.messages;
  if (typeof messages !== "object" || messages === null || Array.isArray(messages))
    return refuse(response, NOT_TO_DEVICES);
  const user = await passage.callers.userId(request);
  if (Object.keys(messages).some((to) => to !== user)) return refuse(response, ONLY_TO_YOURSELF);
  handOn(response, await read(passage, request, response, Buffer.from(JSON.stringify({ messages }))));
};

/**
 * How far somebody has read, which the others are told. Synapse takes it from whoever could once see the event, also
 * when they have left the room (`ReceiptsHandler.received_client_receipt`).
 */
export const receipt: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const body = await bodyOf(request);
  const joined = await passage.callers.joinedRooms(request);
  if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
  handOn(response, await read(passage, request, response, body));
};

/** What a client that is up to date never asks for. */
export const eventStream: Rule = async (_passage, _request, response) => refuse(response, USE_SYNC);

/** Nobody's address is made known, or unknown, at a server of the client's choice. */
export const identityServer: Rule = async (_passage, _request, response) =>
  refuse(response, NO_IDENTITY_SERVER);

/** Carries the request out and the answer back as it comes. */
export async function stream(passage: Passage, request: Request, response: Response): Promise<void> {
  await pour(await begin(passage, request, response), request, response);
}

/**
 * A sync is handed on before its end is there, so its beginning must say that it is one: were anything else ever taken
 * for a sync, nobody would have been asked whether the caller may have it.
 * @throws Undecidable
 */
async function mustBeSync(answer: IncomingMessage, method: string): Promise<void> {
  const status = answer.statusCode ?? 502;
  // A refusal, in Synapse's words.
  if (status >= 400) return;
  const type = String(answer.headers["content-type"]).split(";", 1)[0]?.trim().toLowerCase();
  if (status !== 200 || type !== "application/json") throw new Undecidable("a sync that is no JSON");
  if (method === "HEAD") return;
  await begun(answer);
  const start = answer.read() as Buffer | null;
  if (start === null) throw new Undecidable("a sync without content");
  answer.unshift(start);
  if (start[0] !== OPENING_BRACE) throw new Undecidable("a sync that is no JSON object");
}

/** Carries the request out. @returns the answer when its head is there. */
function begin(
  { upstream, headers }: Passage,
  request: Request,
  response: Response,
): Promise<IncomingMessage> {
  return upstream.send({
    method: request.method,
    target: request.originalUrl,
    // Never compressed: answers are looked into.
    headers: { ...headers(request), "accept-encoding": "identity" },
    signal: whileWanted(response),
    patience: PATIENCE,
  });
}

/** Resolves when something of the answer's content can be read, or when there is none. */
function begun(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.once("readable", resolve).once("end", resolve).once("error", reject);
  });
}

/** `{`: Synapse writes its JSON without blanks before it. */
const OPENING_BRACE = 0x7b;

async function pour(
  answer: IncomingMessage,
  request: Request,
  response: Response,
  through: readonly JsonPart[] = [],
): Promise<void> {
  const headers = headersFor(answer.headers);
  const length = answer.headers["content-length"];
  const looksInside = through.length > 0 && answer.statusCode === 200 && request.method !== "HEAD";
  if (!looksInside && length !== undefined) headers["content-length"] = length;
  response.writeHead(answer.statusCode ?? 502, headers);
  const steps: [Readable, ...NodeJS.ReadWriteStream[]] = looksInside ? [answer, ...through] : [answer];
  await pipeline([...steps, response]);
}

/** The whole answer. HEAD is asked as GET, since there would be nothing to look into; Node leaves the body out. */
export function read(
  { upstream, headers }: Passage,
  request: Request,
  response: Response,
  body?: Buffer,
): Promise<JsonAnswer> {
  return upstream.json({
    method: request.method === "HEAD" ? "GET" : request.method,
    target: request.originalUrl,
    // Never compressed: answers are looked into.
    headers: { ...headers(request), "accept-encoding": "identity" },
    signal: whileWanted(response),
    patience: PATIENCE,
    ...(body === undefined ? {} : { body }),
  });
}

export async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not destroyed when there is too much of it: with the connection, the answer would be lost.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_REQUEST) {
      request.resume();
      throw new RequestTooLarge("the request is too large");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The events in the answer of `/event` and of `/context`. */
function eventsIn(answer: JsonAnswer): readonly { readonly room_id?: unknown }[] {
  const body = objectIn(answer.text);
  if (body === undefined) throw new Undecidable("an event of unknown form");
  if ("type" in body && "content" in body) return [body];
  const lists = [[body.event], body.events_before, body.events_after, body.state];
  return lists
    .flat()
    .filter((each): each is { room_id?: unknown } => typeof each === "object" && each !== null);
}
