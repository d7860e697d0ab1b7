import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { UserId } from "../../../policy/model.ts";
import type { JsonAnswer, Upstream } from "../../homeserver/upstream.ts";
import { handOn, headersFor, RequestTooLarge, whileWanted } from "./answer.ts";
import { type Callers, objectIn, Undecidable } from "./caller.ts";
import {
  NO_IDENTITY_SERVER,
  NOT_A_MEMBER,
  NOT_TO_DEVICES,
  ONLY_TO_YOURSELF,
  refuse,
  USE_SYNC,
} from "./error-response.ts";
import type { Gated } from "./gated-paths.ts";
import { JsonPart } from "./json-part.ts";
import { roomsIn, withoutContent, withoutLeftRooms } from "./left-rooms.ts";
import { withoutInvitationsOf, withoutInvitedRooms } from "./own-invitations.ts";
import { decoded } from "./request-path.ts";

/** What a rule needs to carry out a request. */
export interface Passage {
  readonly callers: Callers;
  readonly upstream: Upstream;
  /** A request's headers as Synapse should see them. */
  headers(request: Request): IncomingHttpHeaders;
}

export type Rule = (passage: Passage, request: Request, response: Response, gated: Gated) => Promise<void>;

/** Synapse's own limit for one request is far lower; a long poll answers within the client's timeout. */
const PATIENCE = 10 * 60_000;
/** For rooms that a user has left. A larger answer means something else is wrong, and is refused. */
const MOST_LEFT = 32 * 1024 * 1024;
/**
 * For a request whose body is read, such as a sliding sync or a message to devices. Synapse accepts no larger JSON
 * (`MAX_REQUEST_SIZE` is 200 events of 64 kB).
 */
const MOST_REQUEST = 1024 * 1024;

/**
 * Reads below a room: for people who are in it now. Here and in all rules, Whisper reads first and then asks about
 * membership: a member at the later moment may see what was read at the earlier one, so no removal can slip in between.
 * Synapse has read everything by the time it sends the first byte (`respond_with_json`).
 */
export const roomRule: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const answer = await begin(passage, request, response);
  try {
    const joined = await passage.callers.joinedRooms(request);
    if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
    await pour(answer, request, response);
  } finally {
    // Was read, and is not passed on.
    answer.destroy();
  }
};

/** One event, or its context: every event must belong to a room of the caller's. */
export const eventRule: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const answer = await readAnswer(passage, request, response);
  const joined = await passage.callers.joinedRooms(request);
  if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
  if (answer.status !== 200) return handOn(response, answer);
  for (const each of eventsIn(answer))
    if (!joined.has(String(each.room_id))) return refuse(response, NOT_A_MEMBER);
  handOn(response, answer);
};

/** The old `/events/{eventId}`: only the event says which room it is in. */
export const bareEventRule: Rule = async (passage, request, response) => {
  const answer = await readAnswer(passage, request, response);
  if (answer.status !== 200) return handOn(response, answer);
  const roomId = objectIn(answer.text)?.room_id;
  const joined = await passage.callers.joinedRooms(request);
  if (typeof roomId !== "string" || !joined.has(roomId)) return refuse(response, NOT_A_MEMBER);
  handOn(response, answer);
};

/** A list of items that each name their room, without items from rooms that the caller is no longer in. */
const listOf =
  (name: "notifications" | "rooms"): Rule =>
  async (passage, request, response) => {
    const answer = await readAnswer(passage, request, response);
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
    // If nothing is removed, it is passed on byte for byte.
    if (kept.length === list.length) handOn(response, answer);
    else handOn(response, answer, JSON.stringify({ ...body, [name]: kept }));
  };

export const notificationsRule: Rule = listOf("notifications");
export const initialSyncRule: Rule = listOf("rooms");

/** A streamed sync in which rooms that the user has left say only that, without Whisper's own invitations. */
export const syncRule =
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
      // It is not a sync, and is not passed on.
      answer.destroy();
    }
  };

/**
 * The same for sliding sync, which does not list left rooms separately: membership is asked for afterwards, as for
 * single events.
 */
export const slidingSyncRule =
  (bot: UserId): Rule =>
  async (passage, request, response) => {
    const answer = await readAnswer(passage, request, response, await bodyOf(request));
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
 * Messages to devices, which the client's own sessions use to trust each other: they go to nobody else. Whisper sends
 * on what it understood, so that Synapse cannot read it differently.
 */
export const toDeviceRule: Rule = async (passage, request, response) => {
  const messages = objectIn((await bodyOf(request)).toString("utf8"))?.messages;
  if (typeof messages !== "object" || messages === null || Array.isArray(messages))
    return refuse(response, NOT_TO_DEVICES);
  const user = await passage.callers.userId(request);
  if (Object.keys(messages).some((to) => to !== user)) return refuse(response, ONLY_TO_YOURSELF);
  handOn(response, await readAnswer(passage, request, response, Buffer.from(JSON.stringify({ messages }))));
};

/**
 * How far someone has read, which others are told. Synapse accepts it from anyone who could once see the event, even
 * after they left the room (`ReceiptsHandler.received_client_receipt`).
 */
export const receiptRule: Rule = async (passage, request, response, gated) => {
  const id = decoded(gated.caught[0] ?? "");
  const body = await bodyOf(request);
  const joined = await passage.callers.joinedRooms(request);
  if (id === null || !joined.has(id)) return refuse(response, NOT_A_MEMBER);
  handOn(response, await readAnswer(passage, request, response, body));
};

/** An up-to-date client never asks for this. */
export const eventStreamRule: Rule = async (_passage, _request, response) => refuse(response, USE_SYNC);

/** No address is revealed, or hidden, at a server of the client's choice. */
export const identityServerRule: Rule = async (_passage, _request, response) =>
  refuse(response, NO_IDENTITY_SERVER);

/** Carries out the request and streams the answer back. */
export async function streamAnswer(passage: Passage, request: Request, response: Response): Promise<void> {
  await pour(await begin(passage, request, response), request, response);
}

/**
 * A sync is passed on before it is complete, so its beginning must show that it is one: otherwise something else might
 * pass as a sync without anyone asking whether the caller may have it.
 * @throws Undecidable
 */
async function mustBeSync(answer: IncomingMessage, method: string): Promise<void> {
  const status = answer.statusCode ?? 502;
  // A refusal in Synapse's words.
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

/** Carries out the request. @returns the answer once its head has arrived. */
function begin(
  { upstream, headers }: Passage,
  request: Request,
  response: Response,
): Promise<IncomingMessage> {
  return upstream.send({
    method: request.method,
    target: request.originalUrl,
    // Never compressed, since answers are inspected.
    headers: { ...headers(request), "accept-encoding": "identity" },
    signal: whileWanted(response),
    patience: PATIENCE,
  });
}

/** Resolves once some of the answer's content can be read, or there is none. */
function begun(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.once("readable", resolve).once("end", resolve).once("error", reject);
  });
}

/** `{`: Synapse writes its JSON without leading blanks. */
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

/** The whole answer. HEAD is sent as GET, since there would be nothing to inspect; Node leaves out the body. */
export function readAnswer(
  { upstream, headers }: Passage,
  request: Request,
  response: Response,
  body?: Buffer,
): Promise<JsonAnswer> {
  return upstream.json({
    method: request.method === "HEAD" ? "GET" : request.method,
    target: request.originalUrl,
    // Never compressed, since answers are inspected.
    headers: { ...headers(request), "accept-encoding": "identity" },
    signal: whileWanted(response),
    patience: PATIENCE,
    ...(body === undefined ? {} : { body }),
  });
}

export async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not destroyed if it is too large: the answer would be lost with the connection.
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

/** The events in the answer of `/event` or `/context`. */
function eventsIn(answer: JsonAnswer): readonly { readonly room_id?: unknown }[] {
  const body = objectIn(answer.text);
  if (body === undefined) throw new Undecidable("an event of unknown form");
  if ("type" in body && "content" in body) return [body];
  const lists = [[body.event], body.events_before, body.events_after, body.state];
  return lists
    .flat()
    .filter((each): each is { room_id?: unknown } => typeof each === "object" && each !== null);
}
