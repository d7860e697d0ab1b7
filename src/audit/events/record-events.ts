import type { EventHandler, MatrixEvent } from "../../messages/event.ts";
import { isSentInNameOf } from "../../messages/outbox.ts";
import { isOwnMember } from "../../mirror/members.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Transaction } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { type Author, entryOfEvent } from "./event-entry.ts";

/**
 * Puts what happens in the rooms into the record, in the transaction that handles it. Comes before the mirror, which
 * knows only until then what Whisper itself is doing.
 */
export const recordEvents = (settings: PracticeSettings, record: Recorder): EventHandler => ({
  name: "record",
  handle: async (tx, event) => {
    // The second: it was put aside, and deleted here too before it got into the record (messages/inbox-retention.ts).
    const isDeleted = event.unsigned?.redacted_because !== undefined || isEmptied(event);
    const entry = entryOfEvent(event, await authorOf(tx, settings, event));
    if (entry === null) return;
    // Deleted before Synapse sent it to us: what was written must be asked for.
    if (isDeleted)
      return addJob(
        tx,
        "record_original",
        { event_id: event.event_id },
        { key: `original:${event.event_id}` },
      );
    await record.write(tx, [entry]);
  },
});

/** Nothing that people say is without any content. */
const isEmptied = ({ type, state_key, content }: MatrixEvent): boolean =>
  type !== "m.room.redaction" && state_key === undefined && Object.keys(content).length === 0;

/** Who is behind an event. Without a query for what people say. */
export async function authorOf(
  tx: Transaction,
  settings: PracticeSettings,
  event: MatrixEvent,
): Promise<Author> {
  if (event.sender === settings.bot) return { isBot: true, inNameOfSender: false };
  const isOwnChange = event.type === "m.room.member" && event.state_key === event.sender;
  return {
    isBot: false,
    inNameOfSender: isOwnChange
      ? await isOwnMember(tx, event.room_id, event.sender, event.content.membership)
      : await isSentInNameOf(tx, event),
  };
}
