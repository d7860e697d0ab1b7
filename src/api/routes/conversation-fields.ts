/** The fields of conversations as the API takes and gives them. */

import { z } from "zod";
import type { ListedConversation } from "../../conversations/list/list.ts";
import { orStanding } from "../../directory/input/left-out.ts";
import { boundedList } from "../../directory/input/list-schema.ts";
import { groupId, MOST, username } from "../../directory/input/schema.ts";
import { filled } from "../../directory/input/text-schema.ts";
import { CONVERSATION_KINDS, type ConversationId, type Selection } from "../../policy/model.ts";
import { momentOut } from "../kernel/fields.ts";

export const conversationId = () =>
  filled(255)
    .transform((text) => text.toLowerCase() as ConversationId)
    .describe("the conversation's id in Whisper");
export const kind = z.enum(CONVERSATION_KINDS);
export const selection = {
  users: orStanding(boundedList(username(), MOST.users), []),
  security_groups: orStanding(boundedList(groupId(), MOST.groups), []),
  custom_groups: orStanding(boundedList(conversationId(), MOST.groups), []),
};
export const selectionSchema = z.strictObject(selection).meta({ id: "Selection" });
export const EMPTY: Selection = { users: [], securityGroups: [], customGroups: [] };
export const as = username().describe("the user to act for");
export const roomId = z.string().nullable().describe("the Matrix room; null: it is being created");

/** A conversation in a user's list. */
export const listedSchema = z.strictObject({
  id: z.string(),
  kind,
  name: z.string().describe("as the user's client shows it"),
  room_id: roomId,
  unread: z.int().min(0),
  last_activity_at: momentOut().nullable(),
  archived: z.boolean(),
});
export const listedOut = (listed: ListedConversation) => ({
  ...listed,
  last_activity_at: listed.last_activity_at?.toISOString() ?? null,
});

export const paths = () =>
  z.array(
    z.array(
      z.strictObject({
        kind: z.enum(["security_group", "custom_group"]),
        id: z.string(),
        name: z.string(),
      }),
    ),
  );

export const selectionOf = (sent: z.output<typeof selectionSchema>): Selection => ({
  users: sent.users,
  securityGroups: sent.security_groups,
  customGroups: sent.custom_groups,
});
