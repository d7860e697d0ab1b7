import type { ConversationId, ConversationKind, EventId, RoomId } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import type { MatrixEvent } from "./event.ts";
import { enqueueSends, movedRef, REF_KEY, type Send } from "./outbox.ts";
import { relationOf } from "./relation.ts";
import { isSaid, SAID } from "./said.ts";

/** A message, as the inbox has it. */
type Said = Pick<MatrixEvent, "event_id" | "sender" | "type" | "content">;

/**
 * Repeats the messages of a room that is closed in favour of a conversation, once and as their senders. A client sends
 * the first message right after creating the room; it must not be lost just because the pair already had a room. What
 * Whisper said there is not repeated: it belongs to that room.
 */
export async function carryOver(tx: Transaction, room: RoomId, into: ConversationId): Promise<void> {
  const said = await tx.query<Said & Record<string, unknown>>(
    `SELECT event_id, event->>'sender' AS sender, type, event->'content' AS content FROM inbox
     WHERE room_id = $1 AND type = ANY($2) AND event->'state_key' IS NULL AND event->'content'->$3 IS NULL ORDER BY seq`,
    [room, [...SAID], REF_KEY],
  );
  await sayAgain(tx, said.rows, into);
}

/**
 * Repeats one message that arrived after its room was closed. Only that one: people read the earlier ones there, and
 * repeating a group's whole history would look like news to everyone.
 */
export async function carryOverLate(
  tx: Transaction,
  event: MatrixEvent,
  into: { readonly id: ConversationId; readonly kind: ConversationKind },
): Promise<void> {
  if (!isSaid(event) || event.content[REF_KEY] !== undefined) return;
  if (talksWithEachOther(into.kind)) await sayAgain(tx, [event], into.id);
}

/**
 * Not for rooms where people are only told something. A recipient's answer in an arrivals room is about a notice there,
 * and counts as an answer (see arrivals/events.ts). Repeated, it would count as another.
 */
function talksWithEachOther(kind: ConversationKind): boolean {
  switch (kind) {
    case "individual":
    case "group":
    case "custom":
    case "control":
      return true;
    case "alerts":
    case "arrivals":
    case "admin":
      return false;
    default:
      return kind satisfies never;
  }
}

async function sayAgain(tx: Transaction, said: readonly Said[], into: ConversationId): Promise<void> {
  const moved = new Set([...(await movedEarlier(tx, said)), ...said.map((each) => movedRef(each.event_id))]);
  await enqueueSends(
    tx,
    said.flatMap((each) => againOf(each, moved, into) ?? []),
  );
}

/** The events that these messages are about, as far as they were repeated earlier. */
async function movedEarlier(tx: Transaction, said: readonly Said[]): Promise<string[]> {
  const about = said.flatMap((each) => aboutOf(each) ?? []);
  if (about.length === 0) return [];
  const found = await tx.query<{ ref: string }>("SELECT ref FROM outbox WHERE ref = ANY($1)", [
    about.map(movedRef),
  ]);
  return found.rows.map(({ ref }) => ref);
}

function aboutOf(said: Said): EventId | null {
  const relation = relationOf(said);
  switch (relation?.kind) {
    case "edit":
      return relation.of;
    case "thread":
      return relation.root;
    case "reply":
    case "reaction":
      return relation.to;
    case undefined:
      return null;
    default:
      return relation satisfies never;
  }
}

/**
 * A message as repeated in the other room. A relation is valid only within one room (Synapse refuses others), so it
 * points to the repeated event, or is left out. @returns null for an edit of something that was not repeated.
 */
function againOf(said: Said, moved: ReadonlySet<string>, into: ConversationId): Send | null {
  const { "m.relates_to": relation, ...plain } = said.content;
  const about = aboutOf(said);
  const again = {
    ref: movedRef(said.event_id),
    conversation: into,
    purpose: { is: "repetition" as const, of: said.event_id },
    as: said.sender,
    type: said.type,
  };
  if (about !== null && moved.has(movedRef(about)))
    return { ...again, content: { ...plain, "m.relates_to": relation }, target: { ref: movedRef(about) } };
  return relationOf(said)?.kind === "edit" ? null : { ...again, content: plain };
}
