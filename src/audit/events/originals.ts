import { type MatrixEvent, parseEvent } from "../../messages/event.ts";
import { eventAsStored } from "../../messages/inbox-queries.ts";
import type { EventId, PracticeSettings } from "../../policy/model.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { entryOfEvent } from "./event-entry.ts";
import { authorOf } from "./record-events.ts";

export interface OriginalDependencies {
  readonly database: Database;
  readonly settings: PracticeSettings;
  readonly record: Recorder;
  /** A deleted event's content as it was sent; null: the homeserver does not have it any more. */
  readonly originalContent: (event: EventId) => Promise<MatrixEvent["content"] | null>;
}

/**
 * The job `record_original`: puts an event into the record that was deleted before Synapse sent it to us, with what was
 * written. Synapse keeps that for a week (`redaction_retention_period`).
 */
export async function recordOriginal(
  { database, settings, record, originalContent }: OriginalDependencies,
  eventId: EventId,
): Promise<void> {
  const pruned = parseEvent(await eventAsStored(database, eventId));
  if (pruned === undefined) return;
  const event = { ...pruned, content: (await originalContent(eventId)) ?? pruned.content };
  await database.transaction(async (tx) => {
    const entry = entryOfEvent(event, await authorOf(tx, settings, event));
    if (entry !== null) await record.write(tx, [entry]);
  });
}
