import { dropUnsent, lostSends } from "../messages/outbox.ts";
import type { Conversation, Username } from "../policy/model.ts";
import type { Database, Transaction } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { noticeRef, postedRefs } from "./notices/refs.ts";
import { arrivalsShownTo } from "./record/list.ts";
import { lockArrival } from "./record/store.ts";
import { withNotice } from "./rules/answers.ts";
import { type Arrival, noticeToRecipient } from "./rules/arrival.ts";
import type { ArrivalChange } from "./rules/arrival-change.ts";
import { saveArrivalChanges } from "./save-changes.ts";

/**
 * A conversation has a new room: notices from the previous one must be posted there. Runs in the changing transaction.
 */
export async function roomTaken(tx: Transaction, conversation: Conversation): Promise<void> {
  if (conversation.kind !== "arrivals") return;
  const username = conversation.user;
  if ((await arrivalsShownTo(tx, username)).length === 0) return;
  await addJob(tx, "arrival_room", { username }, { key: `arrival-room:${username}` });
}

/**
 * The job `arrival_room`: posts again, oldest first, every notice that its recipient should see and does not, because
 * it went into a room that was replaced. Notices still waiting to be sent go into the new room by themselves.
 */
export async function postAgain(
  database: Database,
  dependencies: ArrivalDependencies,
  username: Username,
): Promise<void> {
  for (const id of await arrivalsShownTo(database, username)) {
    await database.transaction(async (tx) => {
      const arrival = await lockArrival(tx, id);
      const notice = arrival && noticeToRecipient(arrival, username);
      if (arrival === null || !notice?.shown) return;
      if ((await lostSends(tx, [noticeRef(arrival, notice)])).size === 0) return;
      // Anything still queued about the lost notice no longer has a target.
      await dropUnsent(tx, postedRefs(arrival, notice));
      await saveArrivalChanges(tx, dependencies, await dependencies.directory.within(tx), [
        anotherPosting(arrival, username),
      ]);
    });
  }
}

/** The notice as it is now, in a new posting. What its recipient has done stays. */
function anotherPosting(arrival: Arrival, username: Username): ArrivalChange {
  const before = noticeToRecipient(arrival, username);
  if (before === undefined) return { arrival, effects: [] };
  const notice = { ...before, posting: before.posting + 1, edits: 0, nudges: 0, threads: 0 };
  return { arrival: withNotice(arrival, notice), effects: [{ do: "post", username }] };
}
