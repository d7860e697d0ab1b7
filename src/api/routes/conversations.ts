import { z } from "zod";
import { list } from "../../directory/input/list-schema.ts";
import { groupId, MOST, username } from "../../directory/input/schema.ts";
import { visibleName } from "../../directory/input/text-schema.ts";
import {
  CONVERSATION_KINDS,
  type ConversationId,
  type ConversationKind,
  type RoomId,
  type Selection,
  type Username,
} from "../../policy/model.ts";
import type { Database, Queryable, Transaction } from "../../store/database.ts";
import { momentOut, queryFlag } from "../kernel/fields.ts";
import { invalidInput, notFound, Problem } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";

/** Why a conversation was not opened or changed. `reason` is a sentence for the person in whose name it was asked. */
export type ConversationRefusal =
  | { readonly refused: "unknown" }
  | { readonly refused: "forbidden"; readonly reason: string }
  | { readonly refused: "conflict"; readonly reason: string }
  /** `path`: of the field in the body, such as `users[0]`. */
  | { readonly refused: "invalid"; readonly path: string; readonly reason: string };

export interface OpenRequest extends Selection {
  readonly as: Username;
  readonly name: string | null;
}
export interface Opened {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly created: boolean;
}
export interface EditRequest {
  readonly as: Username;
  readonly name?: string;
  readonly add: Selection;
  readonly remove: Selection;
}
export interface ListedConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly room_id: RoomId | null;
  readonly unread: number;
  readonly last_activity_at: Date | null;
  readonly archived: boolean;
}
export interface ShownConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly room_id: RoomId | null;
  readonly members: readonly {
    readonly username: Username;
    readonly name: string;
    /** Each from the outermost group to the innermost; an empty one: added directly. */
    readonly paths: Paths;
  }[];
}
type Paths = readonly (readonly {
  readonly kind: "security_group" | "custom_group";
  readonly id: string;
  readonly name: string;
}[])[];
/** Was to be removed, and is a member through a group all the same. */
export interface StayingMember {
  readonly username: Username;
  readonly reason: string;
  readonly paths: Paths;
}

/** What the routes need of conversations. What takes a transaction uses no other connection. */
export interface Conversations {
  open(tx: Transaction, request: OpenRequest): Promise<Opened | ConversationRefusal>;
  edit(
    tx: Transaction,
    id: ConversationId,
    request: EditRequest,
  ): Promise<{ readonly staying: readonly StayingMember[] } | ConversationRefusal>;
  /** The room that carries it, waiting a moment for one that is being made. Null: it is not there yet. */
  roomOf(id: ConversationId, signal: AbortSignal): Promise<RoomId | null>;
  list(
    db: Queryable,
    username: Username,
    options: { includeArchived: boolean },
  ): Promise<readonly ListedConversation[] | null>;
  show(db: Queryable, id: ConversationId): Promise<ShownConversation | null>;
}

const TAG = "Conversations";
const conversationId = () =>
  z
    .string()
    .min(1)
    .max(255)
    .transform((text) => text as ConversationId)
    .describe("the conversation's id in Whisper");
const kind = z.enum(CONVERSATION_KINDS);
const selection = {
  users: list(username(), MOST.users).default([]),
  security_groups: list(groupId(), MOST.groups).default([]),
  custom_groups: list(conversationId(), MOST.groups).default([]),
};
const selectionSchema = z.strictObject(selection).meta({ id: "Selection" });
const EMPTY: Selection = { users: [], securityGroups: [], customGroups: [] };
const as = username().describe("the user to act for");
const roomId = z.string().nullable().describe("the Matrix room; null: it is being created");

const paths = () =>
  z.array(
    z.array(
      z.strictObject({
        kind: z.enum(["security_group", "custom_group"]),
        id: z.string(),
        name: z.string(),
      }),
    ),
  );

const EXAMPLE_ID = "0b9c2a5e-6f0e-4a38-9b0e-3f6a2f2b7c11";

export function conversationRoutes(parts: {
  readonly database: Database;
  readonly conversations: Conversations;
}): Route[] {
  const { database, conversations } = parts;
  return [
    writeRoute({
      method: "POST",
      path: "/api/v1/conversations",
      scope: "messages:write",
      tag: TAG,
      summary: "Open a conversation",
      description: `One user opens the pair's individual conversation, one security group or custom group opens that group's, and any other
selection a custom group. The same call opens the same conversation again.`,
      body: z.strictObject({ as, ...selection, name: visibleName(255).optional() }),
      bodyExample: { as: "kim.tran", users: ["anna.jones"] },
      responses: {
        200: {
          description: "The conversation.",
          body: z.strictObject({ id: z.string(), kind, room_id: roomId, created: z.boolean() }),
          example: { id: EXAMPLE_ID, kind: "individual", room_id: "!abc:practice.example", created: true },
        },
      },
      problems: { 403: "The rules do not allow it; `detail` says why. Or the API key lacks the scope." },
      handler: async ({ body }, { tx }) => {
        const opened = await conversations.open(tx, {
          as: body.as,
          name: body.name ?? null,
          ...selectionOf(body),
        });
        if ("refused" in opened) throw problemOf(opened);
        return {
          status: 200,
          body: { id: opened.id, kind: opened.kind, room_id: null, created: opened.created },
        };
      },
      // A job creates the room after the commit, and most callers want to go there immediately.
      finish: async (reply, { signal }) => {
        const id = conversationId().parse(reply.body.id);
        return { ...reply, body: { ...reply.body, room_id: await conversations.roomOf(id, signal) } };
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
          body: z.array(
            z.strictObject({
              id: z.string(),
              kind,
              name: z.string(),
              room_id: roomId,
              unread: z.int().min(0),
              last_activity_at: momentOut().nullable(),
              archived: z.boolean(),
            }),
          ),
        },
      },
      problems: { 404: "There is no such user." },
      handler: async ({ params, query }) => {
        const options = { includeArchived: query.include_archived };
        const listed = await conversations.list(database, params.username, options);
        if (!listed) throw notFound("such user");
        const body = listed.map((each) => ({
          ...each,
          last_activity_at: each.last_activity_at?.toISOString() ?? null,
        }));
        return { status: 200, body };
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
        const conversation = await conversations.show(database, params.id);
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
        name: visibleName(255).optional(),
        add: selectionSchema.optional(),
        remove: selectionSchema.optional(),
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
      handler: async ({ params, body }, { tx }) => {
        const edited = await conversations.edit(tx, params.id, {
          as: body.as,
          ...(body.name === undefined ? {} : { name: body.name }),
          add: body.add ? selectionOf(body.add) : EMPTY,
          remove: body.remove ? selectionOf(body.remove) : EMPTY,
        });
        if ("refused" in edited) throw problemOf(edited);
        const { staying } = edited;
        return staying.length === 0 ? { status: 204 } : { status: 200, body: { staying } };
      },
    }),
  ];
}

const selectionOf = (sent: z.output<typeof selectionSchema>): Selection => ({
  users: sent.users,
  securityGroups: sent.security_groups,
  customGroups: sent.custom_groups,
});

function problemOf(refusal: ConversationRefusal): Problem {
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
