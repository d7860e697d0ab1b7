import { recipientsMayChange } from "../arrivals/changed-recipients.ts";
import { tellOfProblems } from "../conversations/directory-problems.ts";
import { directoryChanged } from "../conversations/record/queue-checks.ts";
import type { ChangesBy } from "../directory/directory-change.ts";
import { actingAs } from "../record/acting.ts";
import type { Recorder } from "../record/recorder.ts";

/** What every change of the directory queues and records, in the transaction that makes it. */
export const directoryChanges =
  (record: Recorder): ChangesBy =>
  (actor) => ({
    record: actingAs(record, actor),
    async changed(tx) {
      await directoryChanged(tx);
      await recipientsMayChange(tx);
    },
    problems: tellOfProblems,
  });
