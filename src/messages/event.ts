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
  readonly unsigned?: { readonly replaces_state?: EventId };
  /** Of a redaction, in room version 11 also in the content. */
  readonly redacts?: EventId;
}

/** Reads an event out of JSON. Undefined when it is none: then there is nothing that could be handled. */
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
 * What a feature does with the events of rooms: rows and jobs in the given transaction, never a call of the homeserver.
 * Events come in the order of their room. One that throws is tried again, so what it wrote before is rolled back.
 */
export interface EventHandler {
  readonly name: string;
  handle(tx: Transaction, event: MatrixEvent): Promise<void>;
}
