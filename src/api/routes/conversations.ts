import { z } from "zod";
import { editConversation } from "../../conversations/groups/edit.ts";
import { listConversations } from "../../conversations/list/list.ts";
import { showConversation, showStaying } from "../../conversations/list/show.ts";
import { openConversation } from "../../conversations/open.ts";
import type { ListDependencies } from "../../conversations/record/dependencies.ts";
import type { Refusal } from "../../conversations/record/refusal.ts";
import { type RoomNews, roomOf } from "../../conversations/record/room-of.ts";
import { orLeftOut } from "../../directory/input/left-out.ts";
import { username } from "../../directory/input/schema.ts";
import { displayNameSchema, orNone, visibleName } from "../../directory/input/text-schema.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { recordOf } from "../kernel/actor.ts";
import { queryFlag } from "../kernel/fields.ts";
import { invalidInput, notFound, Problem } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";
import {
  as,
  conversationId,
  EMPTY,
  kind,
  listedOut,
  listedSchema,
  paths,
  roomId,
  selection,
  selectionOf,
  selectionSchema,
} from "./conversation-fields.ts";

export interface ConversationRouteDependencies {
  readonly database: Database;
  readonly conversations: ListDependencies;
  readonly news: RoomNews;
  readonly record: Recorder;
}

const TAG = "Conversations";
const EXAMPLE_ID = "0b9c2a5e-6f0e-4a38-9b0e-3f6a2f2b7c11";

export function conversationRoutes({
  database,
  conversations,
  news,
  record,
}: ConversationRouteDependencies): Route[] {
  return [
    writeRoute({
      method: "POST",
      path: "/api/v1/conversations",
      scope: "messages:write",
      tag: TAG,
      summary: "Open a conversation",
      description: `One user opens the pair's individual conversation, one security group or custom group opens that group's, and any other
selection a custom group. The same call opens the same conversation again.`,
      body: z.strictObject({ as, ...selection, name: orNone(displayNameSchema(255)) }),
      bodyExample: { as: "kim.tran", users: ["anna.jones"] },
      responses: {
        200: {
          description: "The conversation.",
          body: z.strictObject({ id: z.string(), kind, room_id: roomId, created: z.boolean() }),
          example: { id: EXAMPLE_ID, kind: "individual", room_id: "!abc:practice.example", created: true },
        },
      },
      problems: { 403: "The rules do not allow it; `detail` says why. Or the API key lacks the scope." },
      handler: async ({ body }, { tx, caller }) => {
        const opened = await openConversation(conversations, tx, {
          as: body.as,
          name: body.name,
          ...selectionOf(body),
        });
        if ("refused" in opened) throw problemOf(opened);
        const { as, ...asked } = body;
        await recordOf(record, caller, userIdOf(conversations.settings, as)).write(tx, [
          happening("conversation", `conversation:${opened.id}`, { opened: asked, created: opened.created }),
        ]);
        return {
          status: 200,
          body: { id: opened.id, kind: opened.kind, room_id: null, created: opened.created },
        };
      },
      // A job creates the room after the commit, and most callers want to go there immediately.
      finish: async (reply, { signal }) => {
        const id = conversationId().parse(reply.body.id);
        return { ...reply, body: { ...reply.body, room_id: await roomOf(database, news, id, signal) } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/users/{username}/conversations",
      scope: "messages:write",
      tag: TAG,
      summary: "List a user's conversations",
      params: z.strictObject({ username: username() }),
      query: z.strictObject({
        include_archived: queryFlag().describe(
          "include those that are read and have been quiet for three days",
        ),
      }),
      responses: {
        200: {
          description: "Conversations, latest activity first.",
          body: z.array(listedSchema),
        },
      },
      problems: { 404: "There is no such user." },
      handler: async ({ params, query }) => {
        const options = { includeArchived: query.include_archived };
        const listed = await listConversations(conversations, database, params.username, options);
        if (!listed) throw notFound("such user");
        return { status: 200, body: listed.map(listedOut) };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/conversations/{id}",
      scope: "messages:write",
      tag: TAG,
      summary: "Read a conversation, and why each member belongs to it",
      params: z.strictObject({ id: conversationId() }),
      responses: {
        200: {
          description: "The conversation.",
          body: z.strictObject({
            id: z.string(),
            kind,
            name: z.string(),
            room_id: roomId,
            members: z.array(
              z.strictObject({
                username: z.string(),
                name: z.string(),
                paths: paths().describe(
                  "the groups that lead to the member, outermost first; an empty path: added directly",
                ),
              }),
            ),
          }),
        },
      },
      problems: { 404: "There is no such conversation." },
      handler: async ({ params }) => {
        const conversation = await showConversation(conversations.directory, database, params.id);
        if (!conversation) throw notFound("such conversation");
        return { status: 200, body: conversation };
      },
    }),
    writeRoute({
      method: "PATCH",
      path: "/api/v1/conversations/{id}",
      scope: "messages:write",
      tag: TAG,
      summary: "Rename a custom group, add and remove members",
      description:
        "204, or 200 if someone you removed is still a member through a group: `staying` then says who, and why.",
      params: z.strictObject({ id: conversationId() }),
      body: z.strictObject({
        as,
        name: orLeftOut(visibleName(255)),
        add: orLeftOut(selectionSchema),
        remove: orLeftOut(selectionSchema),
      }),
      bodyExample: { as: "kim.tran", name: "Theatre list", add: { security_groups: ["Nurses"] } },
      responses: {
        200: {
          description: "Changed, but someone you removed is still a member through a group.",
          body: z.strictObject({
            staying: z.array(
              z.strictObject({
                username: z.string(),
                reason: z.string().describe("a sentence to show to the person editing"),
                paths: paths().describe("the groups that lead to the member, outermost first"),
              }),
            ),
          }),
        },
        204: { description: "Changed." },
      },
      problems: {
        403: "The rules do not allow it; `detail` says why. Or the API key lacks the scope.",
        404: "There is no such conversation.",
        409: "The conversation is not a custom group, or would contain itself.",
      },
      handler: async ({ params, body }, { tx, caller }) => {
        const edited = await editConversation(conversations, tx, params.id, {
          as: body.as,
          ...(body.name === undefined ? {} : { name: body.name }),
          add: body.add ? selectionOf(body.add) : EMPTY,
          remove: body.remove ? selectionOf(body.remove) : EMPTY,
        });
        if ("refused" in edited) throw problemOf(edited);
        const { as, ...asked } = body;
        await recordOf(record, caller, userIdOf(conversations.settings, as)).write(tx, [
          happening("conversation", `conversation:${params.id}`, { edited: asked }),
        ]);
        const staying = await showStaying(conversations.directory, tx, edited.staying);
        return staying.length === 0 ? { status: 204 } : { status: 200, body: { staying } };
      },
    }),
  ];
}

function problemOf(refusal: Refusal): Problem {
  switch (refusal.refused) {
    case "unknown":
      return notFound("such conversation");
    case "forbidden":
      return new Problem("forbidden", refusal.reason);
    case "conflict":
      return new Problem("conflict", refusal.reason);
    case "invalid":
      return invalidInput([{ path: refusal.path, message: refusal.reason }]);
    default:
      return refusal satisfies never;
  }
}
