/**
 * What Element Web (1.11) does with the first message to people with whom it knows no chat: it makes the room with the
 * message (`createRoom.ts`, `startDm`) and marks it as a direct chat. It waits until the room shows exactly the chosen
 * people (`isRoomReady`, checked immediately and every 500 ms), for at most 5 s, and sends.
 */
import { setTimeout as wait } from "node:timers/promises";
import { EventType, type ICreateRoomOpts, Preset, Visibility } from "matrix-js-sdk";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../eventually.ts";

export interface FirstMessage {
  readonly to: readonly string[];
  readonly text: string;
  /** As every phone client does, and Element without the practice's well-known. */
  readonly encrypted?: boolean;
  readonly name?: string;
}

export interface Begun {
  readonly room: string;
  readonly event: string;
  /** Milliseconds from Enter until the room's answer, and until the message was sent. */
  readonly answered: number;
  readonly sent: number;
}

const LOOKS_EVERY = 500;
const WAITS_AT_MOST = 5_000;

export async function beginAsElement(person: Person, first: FirstMessage): Promise<Begun> {
  const enter = performance.now();
  const room = await person.createRoom(optionsOf(first));
  const answered = performance.now() - enter;
  const [only] = first.to;
  if (first.to.length === 1 && only !== undefined) await markDirect(person, only, room);
  const until = performance.now() + WAITS_AT_MOST;
  while (!isReady(person, room, first) && performance.now() < until) await wait(LOOKS_EVERY);
  const event = await person.sendText(room, first.text);
  return { room, event, answered, sent: performance.now() - enter };
}

/**
 * The same at a client that shows nothing, by someone who presses Enter again: asks until there is a room, and sends
 * until the message is taken, both while Whisper is killed and started. Every send is the same transaction.
 * @returns the room.
 */
export async function beginPersistently(person: Person, first: FirstMessage): Promise<string> {
  const room = await eventually(
    "the conversation to be opened",
    async () => {
      const { status, body } = await person.request(
        "POST",
        "/_matrix/client/v3/createRoom",
        optionsOf(first),
      );
      if (status !== 200) throw new Error(`createRoom answered ${status}: ${JSON.stringify(body)}`);
      return z.object({ room_id: z.string() }).parse(body).room_id;
    },
    60_000,
  );
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/only`;
  await eventually(
    "the message to be sent",
    async () => {
      const { status, body } = await person.request("PUT", path, { msgtype: "m.text", body: first.text });
      if (status !== 200) throw new Error(`the send was answered ${status}: ${JSON.stringify(body)}`);
      return true;
    },
    60_000,
  );
  return room;
}

export function optionsOf({ to, encrypted, name }: FirstMessage): ICreateRoomOpts {
  const direct = to.length === 1;
  return {
    preset: direct ? Preset.TrustedPrivateChat : Preset.PrivateChat,
    visibility: Visibility.Private,
    ...(direct ? { is_direct: true } : {}),
    ...(name === undefined ? {} : { name }),
    invite: [...to],
    initial_state: [
      { type: "m.room.guest_access", state_key: "", content: { guest_access: "can_join" } },
      ...(encrypted
        ? [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }]
        : []),
    ],
  };
}

async function markDirect(person: Person, other: string, room: string): Promise<void> {
  const direct = person.client.getAccountData(EventType.Direct)?.getContent() ?? {};
  const known: readonly string[] = direct[other] ?? [];
  if (known.includes(room)) return;
  await person.client.setAccountData(EventType.Direct, { ...direct, [other]: [...known, room] });
}

function isReady(person: Person, roomId: string, { to, encrypted }: FirstMessage): boolean {
  const room = person.client.getRoom(roomId);
  if (room === null || room.getInvitedAndJoinedMemberCount() !== 1 + to.length) return false;
  const has = (type: string) => room.currentState.getStateEvents(type).length > 0;
  return has("m.room.history_visibility") && (encrypted !== true || has("m.room.encryption"));
}
