import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings } from "../../policy/model.ts";

/** What everything about conversations is built of. */
export interface ConversationDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** Milliseconds after which a read conversation leaves the list. */
  readonly archiveAfter: number;
  /** The current time. */
  readonly now: () => Date;
}
