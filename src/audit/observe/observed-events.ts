import type { EventHandler } from "../../messages/event.ts";
import { redactedBy, relationOf } from "../../messages/relation.ts";
import { isSaid } from "../../messages/said.ts";
import type { EventId, RoomId } from "../../policy/model.ts";

/** What observers are to be shown anew. */
export interface Shown {
  readonly room: RoomId;
  readonly event: EventId;
}

/** Tells those who observe someone in the room of what is said, corrected and deleted there, in every process. */
export const observedEvents: EventHandler = {
  name: "observed",
  handle: async (tx, event) => {
    const relation = relationOf(event);
    const removed = redactedBy(event);
    const isShown = removed !== null || isSaid(event) || relation?.kind === "reaction";
    if (!isShown) return;
    const shown: Shown = {
      room: event.room_id,
      event: removed ?? (relation?.kind === "edit" ? relation.of : event.event_id),
    };
    // No event's id is longer (client-server API, "Size limits"), and a notification may not be much longer.
    if (Buffer.byteLength(shown.event) > 255) return;
    // Nearly always nobody is observed.
    await tx.query(
      "SELECT pg_notify('whisper_observed', $1) WHERE EXISTS (SELECT FROM observe_sessions WHERE ended_at IS NULL)",
      [JSON.stringify(shown)],
    );
  },
};

/** Reads what `observedEvents` wrote. */
export const readShown = (payload: string): Shown => JSON.parse(payload) as Shown;
