import type { EventHandler, MatrixEvent } from "../../messages/event.ts";
import { REF_KEY } from "../../messages/outbox.ts";
import { relationOf } from "../../messages/relation.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import type { Transaction } from "../../store/database.ts";
import { conversationOfRoom } from "../record/store.ts";
import { hideFrom, showToAll } from "./views.ts";

/** What counts as a message: it makes a conversation unread and brings it back into the lists. */
const MESSAGES: ReadonlySet<string> = new Set([
  "m.room.message",
  "m.sticker",
  "m.poll.start",
  "org.matrix.msc3381.poll.start",
]);

/** Keeps the data for unread counts and the three-day visibility (docs/matrix-mapping.md#three-day-visibility). */
export function activityEvents(settings: PracticeSettings): EventHandler {
  return {
    name: "activity",
    handle: async (tx, event) => {
      if (event.type === "m.room.member") return moved(tx, settings, event);
      if (event.type === "m.room.redaction") return removed(tx, event);
      // An edit is not news to people who have read the message.
      if (!MESSAGES.has(event.type) || event.state_key !== undefined || relationOf(event)?.kind === "edit")
        return;
      await said(tx, event, event.sender !== settings.bot && event.content[REF_KEY] !== undefined);
    },
  };
}

async function said(tx: Transaction, event: MatrixEvent, byWhisper: boolean): Promise<void> {
  await tx.query(
    `INSERT INTO room_messages (room_id, position, event_id, sender, by_whisper)
     SELECT room_id, seq, event_id, $2, $3 FROM inbox WHERE event_id = $1 ON CONFLICT DO NOTHING`,
    [event.event_id, event.sender, byWhisper],
  );
  await tx.query(
    `UPDATE conversations SET last_activity_at = greatest(last_activity_at, to_timestamp($2 / 1000.0))
     WHERE room_id = $1`,
    [event.room_id, event.origin_server_ts],
  );
  await showToAll(tx, event.room_id);
}

/** A deleted message is no longer unread. */
async function removed(tx: Transaction, { redacts, content }: MatrixEvent): Promise<void> {
  const event = redacts ?? content.redacts;
  if (typeof event !== "string") return;
  await tx.query("UPDATE room_messages SET removed = true WHERE event_id = $1", [event]);
}

async function moved(tx: Transaction, settings: PracticeSettings, event: MatrixEvent): Promise<void> {
  const user = event.state_key as UserId | undefined;
  // Whisper looks after no other lists: Synapse lets it act only for the practice's own accounts.
  if (user === undefined || !isOurs(settings, user)) return;
  if (event.content.membership === "join") {
    await tx.query(
      `INSERT INTO room_views AS known (room_id, user_id, since)
       SELECT room_id, $2, seq FROM inbox WHERE event_id = $1
       ON CONFLICT (room_id, user_id) DO UPDATE SET since = excluded.since WHERE known.since = 0`,
      [event.event_id, user],
    );
    return;
  }
  // Nobody can leave these by themselves, and Whisper puts them back. But the wish is understood: it leaves their list.
  if (event.content.membership !== "leave" || event.sender !== user) return;
  const kind = (await conversationOfRoom(tx, event.room_id))?.conversation.kind;
  if (kind === "individual" || kind === "group") await hideFrom(tx, event.room_id, event.sender);
}
