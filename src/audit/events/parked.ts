import { parseEvent } from "../../messages/event.ts";
import { parkedEvents } from "../../messages/set-aside.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { recordEvents } from "./record-events.ts";

/**
 * Puts events into the record that were put aside because some feature could not handle them: what people wrote is
 * recorded all the same. One that is handled later is there already.
 * @throws the errors of those that could not be recorded, after all others.
 */
export async function recordParked(
  database: Database,
  settings: PracticeSettings,
  record: Recorder,
): Promise<void> {
  const handler = recordEvents(settings, record);
  const failures: unknown[] = [];
  for await (const stored of parkedEvents(database)) {
    const event = parseEvent(stored);
    if (event === undefined) continue;
    await database
      .transaction((tx) => handler.handle(tx, event))
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, "events put aside could not be recorded");
}
