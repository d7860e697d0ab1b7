/** What an event is about (client-server API, "Forming relationships between events"). */

import type { EventId } from "../policy/model.ts";
import type { MatrixEvent } from "./event.ts";

export type Relation =
  | { readonly kind: "reaction"; readonly to: EventId; readonly key: string }
  | { readonly kind: "edit"; readonly of: EventId; readonly content: Readonly<Record<string, unknown>> }
  /** A message in a thread; `answers` is the message in it that this one replies to. */
  | { readonly kind: "thread"; readonly root: EventId; readonly answers: EventId | null }
  | { readonly kind: "reply"; readonly to: EventId };

/** Null: it is about no other event. Malformed relations count as none. */
export function relationOf({ content }: Pick<MatrixEvent, "content">): Relation | null {
  const relates = record(content["m.relates_to"]);
  const about = eventId(relates.event_id);
  const answers = eventId(record(relates["m.in_reply_to"]).event_id);
  switch (relates.rel_type) {
    case "m.annotation": {
      const { key } = relates;
      return about !== null && typeof key === "string" ? { kind: "reaction", to: about, key } : null;
    }
    case "m.replace":
      return about === null ? null : { kind: "edit", of: about, content: record(content["m.new_content"]) };
    case "m.thread":
      return about === null ? null : { kind: "thread", root: about, answers };
    default:
      return answers === null ? null : { kind: "reply", to: answers };
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const eventId = (value: unknown): EventId | null =>
  typeof value === "string" && value.startsWith("$") ? (value as EventId) : null;
