import type { EventId, RoomId, UserId } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";

/** An event as the homeserver sends it to an application service (client-server API, "Room event format"). */
export interface MatrixEvent {
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly state_key?: string;
  readonly origin_server_ts: number;
  readonly content: Readonly<Record<string, unknown>>;
  /** `redacted_because`: the event was deleted before it was sent to us, and without its content. */
  readonly unsigned?: { readonly replaces_state?: EventId; readonly redacted_because?: unknown };
  /** For a redaction; in room version 11 it is also in the content. */
  readonly redacts?: EventId;
}

/** Reads an event from JSON. Undefined if it is not an event, so that there is nothing to handle. */
export function parseEvent(json: unknown): MatrixEvent | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const event = json as Record<string, unknown>;
  const { content } = event;
  for (const field of ["event_id", "room_id", "sender", "type"])
    if (typeof event[field] !== "string") return undefined;
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  return json as MatrixEvent;
}

/**
 * What a feature does with events: rows and jobs in the given transaction, never a call to the homeserver. Events
 * arrive in the order of their room. If a handler throws, the event is retried and everything it wrote is rolled back.
 */
export interface EventHandler {
  readonly name: string;
  handle(tx: Transaction, event: MatrixEvent): Promise<void>;
}
