import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings } from "../../policy/model.ts";

/** What it takes to open and edit conversations. */
export interface ConversationDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** The current time. */
  readonly now: () => Date;
}

/** What it takes to decide on people's lists. */
export interface ListDependencies extends ConversationDependencies {
  /** Milliseconds after which a read conversation leaves the list. */
  readonly archiveAfter: number;
}
