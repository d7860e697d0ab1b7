import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { PracticeSettings } from "../policy/model.ts";
import type { PracticeZone } from "./notices/clock.ts";
import type { ShownPatient } from "./notices/patient.ts";
import type { EscalationRule } from "./rules/escalation.ts";

export interface QuickReply {
  readonly key: string;
  readonly text: string;
}

/** The practice's settings for arrivals. */
export interface ArrivalSettings {
  readonly show: ShownPatient;
  readonly zone: PracticeZone;
  /** Where the staff's browsers reach Whisper. */
  readonly publicUrl: string;
  readonly quickReplies: readonly QuickReply[];
  readonly escalation: readonly EscalationRule[];
  /** Milliseconds after which a waiting notice is cleared, once its day is over. */
  readonly staleAfter: number;
}

/** What everything about arrivals is built of. */
export interface ArrivalDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly arrivalSettings: ArrivalSettings;
  /** The current time. */
  readonly now: () => Date;
  /** Called with how long someone took to acknowledge, in seconds: for the metrics. */
  readonly onAcknowledged: (seconds: number) => void;
}
