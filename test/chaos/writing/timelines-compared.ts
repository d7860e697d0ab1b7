/** Compares what people can read after a day with what was said to them. */
import { Direction } from "matrix-js-sdk";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { historyOf } from "../../support/stack/staff.ts";
import type { Conversation, WritingDay } from "./day.ts";
import { TEXT } from "./message.ts";
import type { Writer } from "./writer.ts";

const marked = z.looseObject({ [TEXT]: z.string() });

/** Every member reads every message once, as the homeserver gives it through the gate, and nobody else reads any. */
export async function wrongTimelines(day: WritingDay): Promise<string[]> {
  const faults: string[] = [];
  await Promise.all(
    [...day.writers.values()].map(async (writer) => {
      for (const conversation of day.conversations.values())
        for (const room of conversation.rooms)
          faults.push(
            ...(conversation.members.includes(writer.username)
              ? await wrongTimeline(day, writer, conversation, room)
              : await readByOthers(writer, conversation, room)),
          );
    }),
  );
  return faults;
}

async function wrongTimeline(
  day: WritingDay,
  writer: Writer,
  conversation: Conversation,
  room: string,
): Promise<string[]> {
  const history = await historyOf(writer.person, room).catch((error: unknown) => String(error));
  const who = `${writer.username}, at the homeserver,`;
  if (typeof history === "string") return [`${who} cannot read ${conversation.key} (${room}): ${history}`];
  const events = history.map(({ event_id, content }) => ({ id: event_id, text: textOf(content) }));
  return notOnce(day, who, conversation, room, events);
}

/** Everything that was acknowledged is there once, and nothing twice. */
function notOnce(
  day: WritingDay,
  who: string,
  conversation: Conversation,
  room: string,
  events: ReadonlyArray<{ readonly id: string | undefined; readonly text: string | undefined }>,
): string[] {
  const texts = Map.groupBy(events, ({ text }) => text ?? "");
  const faults = conversation.messages.flatMap((message) => {
    if (message.room !== room) return [];
    const seen = texts.get(message.text) ?? [];
    texts.delete(message.text);
    if (seen.length === 1 && seen[0]?.id === message.event) return [];
    const is = `${seen.length} times (${seen.map(({ id }) => id).join(", ")})`;
    return [
      `${who} sees ${message.text} (${message.event}) in ${conversation.key} (${room}) ${is}: ${day.around(message)}`,
    ];
  });
  texts.delete("");
  // Whatever was not acknowledged may be there, once.
  for (const [text, { length }] of texts)
    if (length > 1) faults.push(`${who} sees ${text} ${length} times in ${conversation.key} (${room})`);
  return faults;
}

async function readByOthers(
  writer: Writer,
  { key, messages }: Conversation,
  room: string,
): Promise<string[]> {
  const at = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
  const event = encodeURIComponent(messages[0]?.event ?? "$none");
  const faults: string[] = [];
  for (const path of [`${at}/messages?dir=b&limit=1`, `${at}/event/${event}`, `${at}/context/${event}`]) {
    const { status, body } = await writer.person.request("GET", path);
    if (status !== 403 && status !== 404)
      faults.push(
        `${writer.username} is not in ${key} and gets ${status} ${JSON.stringify(body)} from ${path}`,
      );
  }
  return faults;
}

/** The same in the timelines of clients that were there all day: what they synced, and what they load above it. */
export async function wrongClients(day: WritingDay, clients: readonly Person[]): Promise<string[]> {
  const faults: string[] = [];
  for (const person of clients) {
    const username = [...day.writers].find(([, writer]) => writer.person.userId === person.userId)?.[0] ?? "";
    for (const conversation of day.conversations.values()) {
      if (!conversation.members.includes(username)) continue;
      for (const room of conversation.rooms) {
        const { events, missing } = await shownBy(person, room, conversation);
        if (missing !== null)
          faults.push(`${username}, at a client, has no room ${conversation.key}: ${missing}`);
        else faults.push(...notOnce(day, `${username}, at a client,`, conversation, room, events));
      }
    }
  }
  return faults;
}

/** What the client has synced, and what it can load above that. A client shows an event once, however often it comes. */
async function shownBy(person: Person, roomId: string, { messages }: Conversation) {
  try {
    const room = await person.waitForRoom(`room ${roomId}`, (each) => each.roomId === roomId, 30_000);
    const last = messages.filter((each) => each.room === roomId).at(-1)?.event;
    const synced = () => room.getLiveTimeline().getEvents();
    if (last !== undefined)
      await person.until(
        `the last message of ${roomId}`,
        () => synced().some((event) => event.getId() === last),
        30_000,
      );
    const events = new Map<string, string | undefined>();
    const from = room.getLiveTimeline().getPaginationToken(Direction.Backward);
    const above = from === null ? [] : await historyOf(person, roomId, from);
    for (const { event_id, content } of above) events.set(event_id, textOf(content));
    // Of an edit too: the content as it was sent.
    for (const event of synced()) events.set(event.getId() ?? "", textOf(event.event.content));
    return { events: [...events].map(([id, text]) => ({ id, text })), missing: null };
  } catch (error) {
    return { events: [], missing: error instanceof Error ? error.message : String(error) };
  }
}

const textOf = (content: unknown): string | undefined => marked.safeParse(content).data?.[TEXT];
