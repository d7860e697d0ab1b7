import { z } from "zod";
import type { LiveObservations } from "../../audit/observe/live.ts";
import {
  type ObserveDependencies,
  type ObserveRequest,
  type Observing,
  observe,
  observedConversations,
  observedMessages,
} from "../../audit/observe/observe.ts";
import { UnknownPage } from "../../audit/observe/reader.ts";
import { onlyAdministrators } from "../../audit/observe/words.ts";
import { Away } from "../../base/away.ts";
import { username } from "../../directory/input/schema.ts";
import { oneLine, orNone } from "../../directory/input/text-schema.ts";
import type { Username } from "../../policy/model.ts";
import { actorOf } from "../kernel/actor.ts";
import { cursorParameter, keysOf, nextCursor, textOfKey, writeCursor } from "../kernel/cursor.ts";
import { momentOut, queryInteger } from "../kernel/fields.ts";
import { invalidInput, notFound, Problem } from "../kernel/problem.ts";
import { eventStream } from "../kernel/reply.ts";
import { type RequestContext, type Route, route } from "../kernel/route.ts";
import { conversationId, listedOut, listedSchema } from "./conversation-fields.ts";

export interface ObserveRouteDependencies extends ObserveDependencies {
  readonly live: LiveObservations;
}

const TAG = "Observe";

const asked = {
  as: username().describe("the administrator who observes"),
  reason: orNone(oneLine(500)).describe("why; the other administrators are told"),
};
const PROBLEMS = {
  403: "`as` is no administrator: that needs WhisperAdmin of their own and HMS-Administrator. Or the API key lacks the scope.",
  404: "There is no such user or conversation.",
} as const;
const NOTED =
  "The other administrators are told when someone begins and stops. Nothing is marked as read, and the observed user notices nothing.";

const eventId = z.string().describe("the Matrix event");
const head = {
  event_id: eventId,
  sender: z.string().nullable().describe("null: Whisper, or someone who is not in the directory"),
  sent_at: momentOut(),
};
const entrySchema = z
  .discriminatedUnion("type", [
    z.strictObject({
      ...head,
      type: z.literal("message"),
      text: z.string().nullable().describe("as it is now; null: it was deleted"),
      file: z
        .strictObject({
          url: z.string().describe("`mxc://`"),
          type: z.string().nullable(),
          size: z.int().nullable().describe("bytes"),
        })
        .nullable(),
      edited_at: momentOut().nullable(),
      deleted: z.boolean(),
      reply_to: eventId.nullable(),
      thread: eventId.nullable().describe("the thread's first message"),
    }),
    z.strictObject({
      ...head,
      type: z.literal("reaction"),
      to: eventId.nullable().describe("null, like `key`: it was taken back"),
      key: z.string().nullable(),
    }),
  ])
  .meta({ id: "ObservedEntry" });

/** A WhisperAdmin sees what another user sees (docs/product-text.md, "Observing a User"). Reading only. */
export function observeRoutes({ live, ...dependencies }: ObserveRouteDependencies): Route[] {
  const begin = async (
    target: Username,
    query: { readonly as: Username; readonly reason: string | null },
    looksAt: ObserveRequest["looksAt"],
    { caller, remoteAddress }: RequestContext,
  ): Promise<Observing> => {
    const observing = await observe(dependencies, {
      as: query.as,
      target,
      address: remoteAddress,
      reason: query.reason,
      looksAt,
      by: actorOf(caller),
    });
    if (observing === "not an administrator") throw new Problem("forbidden", onlyAdministrators);
    if (observing === "no such user") throw notFound("such user");
    return observing;
  };
  return [
    route({
      method: "GET",
      path: "/api/v1/observe/{username}/conversations",
      scope: "audit:read",
      tag: TAG,
      summary: "List the conversations that a user has access to",
      description: NOTED,
      params: z.strictObject({ username: username() }),
      query: z.strictObject(asked),
      responses: {
        200: {
          description: "Conversations, archived ones too, latest activity first.",
          body: z.array(listedSchema),
        },
      },
      problems: PROBLEMS,
      handler: async ({ params, query }, context) => {
        const listed = await observedConversations(
          dependencies,
          await begin(params.username, query, "conversations", context),
        );
        return { status: 200, body: listed.map(listedOut) };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/observe/{username}/conversations/{id}/messages",
      scope: "audit:read",
      tag: TAG,
      summary: "Read a conversation as a user sees it",
      description: `Messages as they are now, and reactions. A page may have fewer entries than asked for, or none, and still not be the last. ${NOTED}`,
      params: z.strictObject({ username: username(), id: conversationId() }),
      query: z.strictObject({
        ...asked,
        limit: queryInteger({ min: 1, max: 200, default: 50 }),
        cursor: cursorParameter("text"),
      }),
      responses: {
        200: {
          description: "Entries, newest first.",
          body: z.strictObject({ entries: z.array(entrySchema), next_cursor: nextCursor() }),
        },
      },
      problems: { ...PROBLEMS, 503: "The homeserver or the database does not answer." },
      handler: async ({ params, query }, context) => {
        const observing = await begin(params.username, query, { conversation: params.id }, context);
        const keys = keysOf(query.cursor);
        const from = keys === null ? null : textOfKey(keys[0]);
        const page = await observedMessages(dependencies, observing, params.id, {
          from,
          limit: query.limit,
        }).catch((error: unknown) => {
          throw problemOf(error);
        });
        if (page === null) throw notFound("such conversation");
        const next_cursor = page.next === null ? null : writeCursor(page.next);
        return { status: 200, body: { entries: page.entries, next_cursor } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/observe/{username}/stream",
      scope: "audit:read",
      tag: TAG,
      summary: "Watch a user's conversations",
      description:
        "Server-sent events. `hello` comes first: open the stream, wait for it, and then read the conversations, so that nothing is missed in between. " +
        "`entry` has `conversation_id` and an `entry` as in the list of messages, each time one comes, changes or is deleted. " +
        `When the stream ends, open it again and read the conversations anew. ${NOTED}`,
      params: z.strictObject({ username: username() }),
      query: z.strictObject(asked),
      responses: {
        200: { description: "The stream, which does not end.", contentType: "text/event-stream" },
      },
      problems: { ...PROBLEMS, 503: "As many observe as possible. Retry after `Retry-After`." },
      handler: async ({ params, query }, context) => {
        const pieces = live.open(await begin(params.username, query, "stream", context), context.signal);
        if (pieces === null)
          throw new Problem("unavailable", "Too many are observing. Try again in a minute.", {
            retryAfter: 60,
          });
        return eventStream(pieces);
      },
    }),
  ];
}

/** Why a page could not be read, for whoever asked. */
function problemOf(error: unknown): unknown {
  if (error instanceof UnknownPage)
    return invalidInput([{ path: "cursor", message: "Must be the next_cursor from an answer" }]);
  if (error instanceof Away)
    return new Problem("unavailable", "The homeserver does not answer.", { retryAfter: 5 });
  return error;
}
