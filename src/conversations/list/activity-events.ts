import type { EventHandler, MatrixEvent } from "../../messages/event.ts";
import { storedEvent } from "../../messages/inbox-queries.ts";
import { REF_KEY } from "../../messages/outbox.ts";
import { redactedBy, relationOf } from "../../messages/relation.ts";
import { isSaid } from "../../messages/said.ts";
import type { EventId, PracticeSettings, UserId } from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import type { Transaction } from "../../store/database.ts";
import { activeIn } from "../record/rooms.ts";
import { conversationOfRoom } from "../record/store.ts";
import { hideFrom, showToAll } from "./views.ts";

/** Keeps the data for unread counts and the three-day visibility (docs/matrix-mapping.md#three-day-visibility). */
export function activityEvents(settings: PracticeSettings): EventHandler {
  return {
    name: "activity",
    handle: async (tx, event) => {
      if (event.type === "m.room.member") return moved(tx, settings, event);
      const redacted = redactedBy(event);
      if (redacted !== null) return removed(tx, redacted);
      // An edit is not news to people who have read the message.
      if (!isSaid(event) || relationOf(event)?.kind === "edit") return;
      if (!isNotice(event)) await mayBeUnread(tx, settings, event);
      await activeIn(tx, event.room_id, event.origin_server_ts);
      await showToAll(tx, event.room_id);
    },
  };
}

/**
 * Nor does a client count it (client-server API, "Push rules", `.m.rule.suppress_notices`): nobody would read it to be
 * rid of it, such as Whisper's note about an SMS in a thread.
 */
const isNotice = ({ content }: MatrixEvent): boolean => content.msgtype === "m.notice";

async function mayBeUnread(tx: Transaction, settings: PracticeSettings, event: MatrixEvent): Promise<void> {
  const relation = relationOf(event);
  const byWhisper = event.sender !== settings.bot && event.content[REF_KEY] !== undefined;
  await tx.query(
    `INSERT INTO room_messages (room_id, position, event_id, sender, by_whisper, thread)
     SELECT room_id, position, $1, $2, $3, $4 FROM (${storedEvent("$1")}) AS event ON CONFLICT DO NOTHING`,
    [event.event_id, event.sender, byWhisper, relation?.kind === "thread" ? relation.root : null],
  );
}

/** A deleted message is no longer unread. */
async function removed(tx: Transaction, event: EventId): Promise<void> {
  await tx.query("UPDATE room_messages SET removed = true WHERE event_id = $1", [event]);
}

async function moved(tx: Transaction, settings: PracticeSettings, event: MatrixEvent): Promise<void> {
  const user = event.state_key as UserId | undefined;
  // Whisper looks after no other lists: Synapse lets it act only for the practice's own accounts.
  if (user === undefined || !isOurs(settings, user)) return;
  if (event.content.membership === "join") {
    await tx.query(
      `INSERT INTO room_views AS known (room_id, user_id, since)
       SELECT room_id, $2, position FROM (${storedEvent("$1")}) AS event
       ON CONFLICT (room_id, user_id) DO UPDATE SET since = excluded.since WHERE known.since = 0`,
      [event.event_id, user],
    );
    return;
  }
  // Nobody can leave these by themselves: Whisper puts them back. But it leaves their list, which is what they meant.
  if (event.content.membership !== "leave" || event.sender !== user) return;
  const kind = (await conversationOfRoom(tx, event.room_id))?.conversation.kind;
  if (kind === "individual" || kind === "group") await hideFrom(tx, event.room_id, event.sender);
}
