import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings } from "../../policy/model.ts";

/** What everything about conversations needs. */
export interface ConversationDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** Milliseconds after which a read conversation leaves the list. */
  readonly archiveAfter: number;
  /** The clock; the machine's unless told. */
  readonly now?: () => Date;
}

export const nowOf = ({ now }: ConversationDependencies): Date => now?.() ?? new Date();
