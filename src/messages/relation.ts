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

/** For a message of ours in a thread. Its send's target is the root. The fallback is for clients without threads. */
export const IN_THREAD = {
  "m.relates_to": { rel_type: "m.thread", is_falling_back: true, "m.in_reply_to": {} },
} as const;

/** What a redaction removes; null: nothing. Room version 11 has it in the content, earlier ones next to it. */
export const redactedBy = ({
  type,
  redacts,
  content,
}: Pick<MatrixEvent, "type" | "redacts" | "content">): EventId | null =>
  type === "m.room.redaction" ? eventId(redacts ?? content.redacts) : null;

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const eventId = (value: unknown): EventId | null =>
  typeof value === "string" && value.startsWith("$") ? (value as EventId) : null;
