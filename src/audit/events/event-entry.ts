import type { MatrixEvent } from "../../messages/event.ts";
import { REF_KEY } from "../../messages/outbox.ts";
import { redactedBy, relationOf } from "../../messages/relation.ts";
import type { EventId } from "../../policy/model.ts";
import type { Actor, Entry, EntryType } from "../../record/entry.ts";

/** Who is behind an event. */
export interface Author {
  /** Whisper sent it under its own name. */
  readonly isBot: boolean;
  /** Whisper sent it, in the sender's name. */
  readonly inNameOfSender: boolean;
}

/** State that people see. All other state follows from the rules, and the room audit looks after it. */
const SHOWN_STATE: ReadonlySet<string> = new Set([
  "m.room.name",
  "m.room.topic",
  "m.room.avatar",
  "m.room.tombstone",
]);

/** The refs of alerts and of a message repeated in another room (conversations/alerts.ts, messages/carry-over.ts). */
const ALERT = "alert:";
const REPEATED = "moved:";

/** The record's entry of an event; null: it is not for the record. */
export function entryOfEvent(event: MatrixEvent, author: Author): Entry | null {
  const kind = kindOf(event, author);
  if (kind === null) return null;
  const sender: Actor = { is: "account", user: event.sender };
  const isWhispers = author.isBot || author.inNameOfSender;
  return {
    ref: event.event_id,
    type: kind.type,
    at: momentOf(event.origin_server_ts),
    actor: isWhispers ? { is: "whisper" } : sender,
    onBehalfOf: author.inNameOfSender ? sender : null,
    room: event.room_id,
    about: kind.about,
    body: {
      type: event.type,
      ...(event.state_key !== undefined && { state_key: event.state_key }),
      content: event.content,
    },
  };
}

interface Kind {
  readonly type: EntryType;
  readonly about: EventId | null;
}

function kindOf(event: MatrixEvent, author: Author): Kind | null {
  if (event.state_key !== undefined) {
    if (event.type === "m.room.member") return { type: "membership", about: null };
    return SHOWN_STATE.has(event.type) ? { type: "room", about: null } : null;
  }
  const deleted = redactedBy(event);
  if (deleted !== null) return { type: "deletion", about: deleted };
  const relation = relationOf(event);
  if (relation?.kind === "reaction") return { type: "reaction", about: relation.to };
  if (relation?.kind === "edit") return { type: "edit", about: relation.of };
  const ref = event.content[REF_KEY];
  const whispers = typeof ref === "string" ? ref : "";
  if (author.isBot) return { type: whispers.startsWith(ALERT) ? "alert" : "notice", about: null };
  const isRepeated = author.inNameOfSender && whispers.startsWith(REPEATED);
  return { type: "message", about: isRepeated ? (whispers.slice(REPEATED.length) as EventId) : null };
}

/** RFC 3339, which PostgreSQL and JavaScript both hold, ends with the year 9999. */
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59.999Z");

/** When the homeserver says that it happened; the end of time if it says nothing that can be. */
const momentOf = (ms: unknown): Date =>
  new Date(typeof ms === "number" && ms >= 0 && ms <= LAST_MOMENT ? ms : LAST_MOMENT);
