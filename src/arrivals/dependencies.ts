import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { Actor } from "../record/entry.ts";
import type { Recorder } from "../record/recorder.ts";
import type { PracticeZone } from "./notices/clock.ts";
import type { ShownPatient } from "./notices/patient.ts";
import type { EscalationRule } from "./rules/escalation.ts";
import type { ReceptionSettings } from "./rules/reception.ts";

export interface QuickReply {
  readonly key: string;
  readonly text: string;
}

/** The practice's settings for arrivals. */
export interface ArrivalSettings extends ReceptionSettings {
  readonly show: ShownPatient;
  readonly zone: PracticeZone;
  /** Where the staff's browsers reach Whisper. */
  readonly publicUrl: string;
  readonly quickReplies: readonly QuickReply[];
  readonly escalation: readonly EscalationRule[];
  /** Milliseconds after which a waiting notice is cleared, once its day is over. */
  readonly staleAfter: number;
}

/** What it takes to save a change to an arrival and to announce it in the rooms. */
export interface ArrivalDependencies {
  readonly directory: DirectorySnapshot;
  readonly arrivalSettings: ArrivalSettings;
  /** The current time. */
  readonly now: () => Date;
  readonly record: Recorder;
  /** Who causes the change; left out: time does, or Whisper itself. */
  readonly by?: Actor;
}
