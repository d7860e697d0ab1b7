import { recipientsMayBeLost } from "../arrivals/lost-recipients.ts";
import { directoryChanged } from "../conversations/affected.ts";
import type { DirectoryChanges } from "../directory/changes.ts";

/** What every change of the directory has looked at, in the transaction that makes it. */
export const directoryChanges: DirectoryChanges = {
  async changed(tx) {
    await directoryChanged(tx);
    await recipientsMayBeLost(tx);
  },
};
