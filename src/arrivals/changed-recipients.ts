import type { Directory } from "../policy/model.ts";
import { whyUnreachable } from "../policy/people/arrival-recipients.ts";
import type { Database, Queryable } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { unansweredArrivals } from "./record/list.ts";
import { lockArrival } from "./record/store.ts";
import { type Arrival, locationOf, type Notice } from "./rules/arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./rules/arrival-change.ts";
import { notifyNowReachable } from "./rules/now-reachable.ts";
import { addresseeOf, type ReceptionSettings } from "./rules/reception.ts";
import { saveArrivalChanges } from "./save-changes.ts";

/**
 * The directory or a preference has changed: someone who was told of an arrival may no longer be able to see it, and
 * someone who could not be told may be now. Runs in the changing transaction, and at start: the configuration may have
 * changed too.
 */
export const recipientsMayChange = (tx: Queryable): Promise<void> =>
  addJob(tx, "arrival_recipients", {}, { key: "arrival_recipients" });

/**
 * The job `arrival_recipients`. Checks every patient in the waiting room for whom someone has still to answer, or could
 * not be told. They are few, so it does not work out whom a change of groups and permissions affects.
 */
export async function followRecipients(database: Database, dependencies: ArrivalDependencies): Promise<void> {
  const directory = await dependencies.directory.fresh();
  const { arrivalSettings } = dependencies;
  const waiting = await unansweredArrivals(database);
  for (const { id } of waiting.filter(
    (arrival) => follow(arrival, directory, arrivalSettings).effects.length > 0,
  )) {
    await database.transaction(async (tx) => {
      const arrival = await lockArrival(tx, id);
      if (arrival === null) return;
      const now = await dependencies.directory.within(tx);
      await saveArrivalChanges(tx, dependencies, now, [follow(arrival, now, arrivalSettings)]);
    });
  }
}

/** Milliseconds. The directory may change every minute, which does not make Synapse accept what it has refused. */
const BETWEEN_TRIES = 10 * 60_000;

function follow(arrival: Arrival, directory: Directory, settings: ReceptionSettings): ArrivalChange {
  const at = new Date();
  const lost = withoutLost(arrival, directory, settings, at);
  const told = notifyNowReachable(
    lost.arrival,
    directory,
    settings,
    at,
    new Date(at.getTime() - BETWEEN_TRIES),
  );
  return { arrival: told.arrival, effects: [...lost.effects, ...told.effects] };
}

/**
 * Someone who was told, has not answered and can no longer use Whisper will not answer: their notice goes, and whoever
 * marked the arrival is told. Switching alerts off does not count: whom to tell was decided on arrival.
 */
export function withoutLost(
  arrival: Arrival,
  directory: Directory,
  settings: ReceptionSettings,
  at: Date,
): ArrivalChange {
  if (arrival.ended !== null) return { arrival, effects: [] };
  const effects: ArrivalEffect[] = [];
  const reported = addresseeOf(directory, settings, arrival.markedBy, locationOf(arrival)) !== null;
  const notices = arrival.notices.map((notice): Notice => {
    const reason = notice.progress.state === "waiting" ? whyUnreachable(directory, notice.username) : null;
    if (reason === null) return notice;
    const { username } = notice;
    if (notice.shown) effects.push({ do: "take-down", username });
    if (reported) effects.push({ do: "report-lost", username, reason, to: arrival.markedBy });
    return {
      ...notice,
      shown: false,
      progress: { state: "undeliverable", reason, reported },
      answeredAt: at,
    };
  });
  return { arrival: { ...arrival, notices }, effects };
}
