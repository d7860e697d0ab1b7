/**
 * What there is to steal, and from whom: a conversation with a secret in each of its parts, and people who are not in
 * it.
 */
import { randomBytes } from "node:crypto";
import { MsgType } from "matrix-js-sdk";
import { mustCallApi } from "../../dev/clients/api.ts";
import type { Person } from "../../dev/clients/person.ts";
import type { UserId } from "../../src/policy/model.ts";
import { Caller } from "../support/gate/caller.ts";
import { editConversation, openConversation } from "../support/stack/conversation-api.ts";
import { type Known, syncToken } from "../support/stack/every-read.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { hire, unique } from "../support/stack/staff.ts";

export interface Attacker {
  readonly who: "removed member" | "stranger" | "never receives";
  readonly person: Person;
  readonly caller: Caller;
}

export interface Scene {
  readonly attackers: readonly Attacker[];
  readonly member: Caller;
  /** What the attackers may well know: they had it once, or someone told them. */
  readonly known: Known;
  /** The secrets, by the part that held them. No answer to an attacker may contain one. */
  readonly secrets: Readonly<Record<"text" | "file" | "topic" | "name", string>>;
}

export async function plant(stack: TestStack, homeserver: string): Promise<Scene> {
  const secret = () => `secret${randomBytes(6).toString("hex")}`;
  const secrets = { text: secret(), file: secret(), topic: secret(), name: secret() };
  const names = ["author", "third", "removed", "stranger", "silent"].map(unique);
  const [author = "", third = "", removed = "", , silent = ""] = names;
  const [authorAt, , removedAt, strangerAt, silentAt] = await Promise.all(
    names.map((name) => hire(stack, name)),
  );
  if (!authorAt || !removedAt || !strangerAt || !silentAt) throw new Error("somebody is missing");
  await mustCallApi(stack, "PATCH", `/api/v1/users/${silent}/preferences`, { never_receive: true });

  const { id, room } = await openConversation(stack, author, { users: [third, removed] }, secrets.name);
  for (const each of [authorAt, removedAt])
    await each.waitForRoom("the conversation", (known) => known.roomId === room, 30_000);
  const since = await syncToken(removedAt);
  const first = await authorAt.sendText(room, `${secrets.text} roster`);
  await authorAt.client
    .sendStateEvent(room, "m.room.topic" as never, { topic: secrets.topic } as never)
    .catch(
      // Where members may not set it, it is said.
      () => authorAt.sendText(room, `${secrets.topic} roster`),
    );
  const { content_uri: uri } = await authorAt.client.uploadContent(new Blob([secrets.file]), {
    type: "text/plain",
    name: "list.txt",
  });
  const file = await authorAt.client.sendMessage(room, { msgtype: MsgType.File, body: "list.txt", url: uri });
  await removedAt.waitForEvent("the file", (event) => event.getId() === file.event_id);
  await editConversation(stack, id, { as: author, remove: { users: [removed] } });
  await settled(stack);
  for (const each of [authorAt, removedAt, strangerAt, silentAt]) each.stop();

  const callerOf = ({ userId, client }: Person) =>
    new Caller(homeserver, userId as UserId, client.getAccessToken() ?? "");
  const attacker = (who: Attacker["who"], person: Person) => ({ who, person, caller: callerOf(person) });
  const media = uri.replace("mxc://", "");
  return {
    attackers: [
      attacker("removed member", removedAt),
      attacker("stranger", strangerAt),
      attacker("never receives", silentAt),
    ],
    member: callerOf(authorAt),
    known: { room, since, word: "roster", media, events: [first, file.event_id] },
    secrets,
  };
}
