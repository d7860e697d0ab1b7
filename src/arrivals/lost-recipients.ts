import type { Directory, Username } from "../policy/model.ts";
import { unreachable } from "../policy/people/arrival-recipients.ts";
import type { Database, Queryable } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { commit } from "./carry-out.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { lockArrival } from "./record/store.ts";
import type { Arrival, ArrivalId, Notice } from "./rules/arrival.ts";
import type { Change, Effect } from "./rules/change.ts";
import { isReachable } from "./rules/people.ts";

/** The directory changes: somebody who was told of an arrival may not be able to see it any more. In its transaction. */
export const recipientsMayBeLost = (tx: Queryable): Promise<void> =>
  addJob(tx, "arrival_recipients", {}, { key: "arrival_recipients" });

/**
 * The job `arrival_recipients`. Looks at all who have still to answer for a patient in the waiting room: these are
 * few, and whom a change of groups and permissions has touched is then not worked out twice.
 */
export async function followRecipients(database: Database, dependencies: ArrivalDependencies): Promise<void> {
  const directory = await dependencies.directory.fresh();
  const waiting = await database.query<{ arrival_id: ArrivalId; username: Username }>(
    `SELECT n.arrival_id, n.username FROM arrivals a JOIN arrival_notices n ON n.arrival_id = a.id
     WHERE a.ended_at IS NULL AND n.state = 'waiting' ORDER BY n.told_at, n.arrival_id`,
  );
  const lost = waiting.rows.filter(({ username }) => unreachable(directory, username) !== null);
  for (const id of new Set(lost.map((row) => row.arrival_id))) {
    await database.transaction(async (tx) => {
      const arrival = await lockArrival(tx, id);
      if (arrival === null) return;
      const now = await dependencies.directory.within(tx);
      await commit(tx, dependencies, now, [withoutLost(arrival, now, new Date())]);
    });
  }
}

/**
 * Whoever was told and has not answered, and cannot use Whisper any more, will not answer: the notice goes, and whoever
 * marked the arrival is told. Switching one's alerts off is another thing: who is told was decided on arrival.
 */
export function withoutLost(arrival: Arrival, directory: Directory, at: Date): Change {
  if (arrival.ended !== null) return { arrival, effects: [] };
  const effects: Effect[] = [];
  const reported = isReachable(directory, arrival.markedBy);
  const notices = arrival.notices.map((notice): Notice => {
    const reason = notice.progress.state === "waiting" ? unreachable(directory, notice.username) : null;
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
