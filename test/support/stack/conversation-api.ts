/** Conversations through HealthTrack's API, for tests with a whole stack. */
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import { eventually } from "../eventually.ts";
import type { TestStack } from "./stack.ts";

export interface Choice {
  readonly users?: readonly string[];
  readonly security_groups?: readonly string[];
  readonly custom_groups?: readonly string[];
}

const opened = z.object({
  id: z.string(),
  kind: z.string(),
  room_id: z.string().nullable(),
  created: z.boolean(),
});
const shown = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  room_id: z.string().nullable(),
  members: z.array(
    z.object({
      username: z.string(),
      paths: z.array(z.array(z.object({ kind: z.string(), name: z.string() }))),
    }),
  ),
});
const listed = z.array(
  z.object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    room_id: z.string().nullable(),
    unread: z.number(),
    archived: z.boolean(),
  }),
);

/** Opens a conversation. @returns it with its room. */
export async function openConversation(
  stack: TestStack,
  as: string,
  choice: Choice,
  name?: string,
): Promise<{ id: string; kind: string; room: string; created: boolean }> {
  const body = { as, ...choice, ...(name === undefined ? {} : { name }) };
  const conversation = opened.parse(await mustCallApi(stack, "POST", "/api/v1/conversations", body));
  const room = conversation.room_id ?? (await roomOf(stack, conversation.id));
  return { id: conversation.id, kind: conversation.kind, room, created: conversation.created };
}

const roomOf = (stack: TestStack, id: string): Promise<string> =>
  eventually(`the room of ${id}`, async () => (await showConversation(stack, id)).room_id ?? undefined);

export async function showConversation(stack: TestStack, id: string): Promise<z.infer<typeof shown>> {
  return shown.parse(await mustCallApi(stack, "GET", `/api/v1/conversations/${id}`));
}

export async function membersOf(stack: TestStack, id: string): Promise<string[]> {
  return (await showConversation(stack, id)).members.map((member) => member.username).sort();
}

export const editConversation = (
  stack: TestStack,
  id: string,
  edit: { as: string; name?: string; add?: Choice; remove?: Choice },
): ReturnType<typeof callApi> => callApi(stack, "PATCH", `/api/v1/conversations/${id}`, edit);

export async function listConversations(
  stack: TestStack,
  username: string,
  includeArchived = false,
): Promise<z.infer<typeof listed>> {
  const path = `/api/v1/users/${encodeURIComponent(username)}/conversations?include_archived=${includeArchived}`;
  return listed.parse(await mustCallApi(stack, "GET", path));
}
