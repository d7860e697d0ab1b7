import type { Directory } from "../policy/model.ts";
import { whyUnreachable } from "../policy/people/arrival-recipients.ts";
import type { Database, Queryable } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lockArrival, readArrivals } from "./record/store.ts";
import type { Arrival, Notice } from "./rules/arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./rules/arrival-change.ts";
import { isReachable } from "./rules/people.ts";
import { retell } from "./rules/retelling.ts";
import { saveArrivalChanges } from "./save-changes.ts";

/**
 * The directory or a preference has changed: someone who was told of an arrival may no longer be able to see it, and
 * someone who could not be told may be now. Runs in the changing transaction.
 */
export const recipientsMayChange = (tx: Queryable): Promise<void> =>
  addJob(tx, "arrival_recipients", {}, { key: "arrival_recipients" });

/**
 * The job `arrival_recipients`. Checks every patient in the waiting room for whom someone has still to answer, or could
 * not be told. They are few, so it does not work out whom a change of groups and permissions affects.
 */
export async function followRecipients(database: Database, dependencies: ArrivalDependencies): Promise<void> {
  const directory = await dependencies.directory.fresh();
  const waiting = await readArrivals(
    database,
    `WHERE a.ended_at IS NULL AND EXISTS (SELECT FROM arrival_notices n
       WHERE n.arrival_id = a.id AND n.state IN ('waiting', 'undeliverable')) ORDER BY a.told_at, a.id`,
    [],
  );
  for (const { id } of waiting.filter((arrival) => follow(arrival, directory).effects.length > 0)) {
    await database.transaction(async (tx) => {
      const arrival = await lockArrival(tx, id);
      if (arrival === null) return;
      const now = await dependencies.directory.within(tx);
      await saveArrivalChanges(tx, dependencies, now, [follow(arrival, now)]);
    });
  }
}

function follow(arrival: Arrival, directory: Directory): ArrivalChange {
  const at = new Date();
  const lost = withoutLost(arrival, directory, at);
  const told = retell(lost.arrival, directory, at);
  return { arrival: told.arrival, effects: [...lost.effects, ...told.effects] };
}

/**
 * Someone who was told, has not answered and can no longer use Whisper will not answer: their notice goes, and whoever
 * marked the arrival is told. Switching alerts off does not count: whom to tell was decided on arrival.
 */
export function withoutLost(arrival: Arrival, directory: Directory, at: Date): ArrivalChange {
  if (arrival.ended !== null) return { arrival, effects: [] };
  const effects: ArrivalEffect[] = [];
  const reported = isReachable(directory, arrival.markedBy);
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
