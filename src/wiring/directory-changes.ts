import { recipientsMayChange } from "../arrivals/changed-recipients.ts";
import { tellOfProblems } from "../conversations/directory-problems.ts";
import { directoryChanged } from "../conversations/record/queue-checks.ts";
import type { ImportChanges } from "../directory/directory-change.ts";

/** What every change of the directory queues, in the transaction that makes it. */
export const directoryChanges: ImportChanges = {
  async changed(tx) {
    await directoryChanged(tx);
    await recipientsMayChange(tx);
  },
  problems: tellOfProblems,
};
