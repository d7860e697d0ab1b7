import type { EventId, RoomId, Username } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import type { JobPayloads } from "../store/jobs.ts";
import { followRecipients } from "./changed-recipients.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lockArrival } from "./record/store.ts";
import { postAgain } from "./replaced-room.ts";
import type { ArrivalId } from "./rules/arrival.ts";
import { putOffUntil, ruleFor, takeEscalationStep } from "./rules/escalation.ts";
import { queueEscalationStep, saveArrivalChanges } from "./save-changes.ts";

/** What an arrivals room's card needs from Matrix: `m.room.pinned_events` is state, which is not sent like messages. */
export interface Pins {
  /** Makes the event the only pinned one in the room. */
  pin(room: RoomId, event: EventId): Promise<void>;
}

type ArrivalJob = "arrival_escalation" | "arrival_room" | "arrival_recipients" | "arrival_card";

/** The jobs about arrivals. */
export function arrivalTasks(
  dependencies: ArrivalDependencies,
  database: Database,
  pins: Pins,
): { readonly [Name in ArrivalJob]: (payload: JobPayloads[Name]) => Promise<void> } {
  return {
    arrival_escalation: (due) =>
      database.transaction(async (tx) => {
        const arrival = await lockArrival(tx, due.arrival_id as ArrivalId);
        // The clock was restarted, or an earlier run of this job took the step.
        if (arrival === null || arrival.clockAt.toISOString() !== due.clock_at) return;
        if (arrival.escalations.length !== due.step - 1) return;
        const rule = ruleFor(dependencies.arrivalSettings.escalation, arrival);
        if (rule === null) return;
        const directory = await dependencies.directory.within(tx);
        const now = new Date();
        const change = takeEscalationStep(arrival, rule, directory, now);
        const later = due.due_at === undefined || due.put_off ? null : putOffUntil(new Date(due.due_at), now);
        if (change !== null && later !== null)
          return queueEscalationStep(tx, { ...due, put_off: true }, later);
        if (change !== null) await saveArrivalChanges(tx, dependencies, directory, [change]);
      }),
    arrival_room: ({ username }) => postAgain(database, dependencies, username as Username),
    arrival_recipients: () => followRecipients(database, dependencies),
    arrival_card: ({ room_id, event_id }) => pins.pin(room_id as RoomId, event_id as EventId),
  };
}
