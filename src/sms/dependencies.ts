import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { PracticeSettings } from "../policy/model.ts";
import type { QuietHours } from "../policy/sms/quiet-hours.ts";
import type { SmsProvider } from "./provider/port.ts";

/** What SMS need from the configuration. Durations are milliseconds. */
export interface SmsSettings {
  readonly body: "full" | "notice";
  readonly country: string;
  readonly practiceName: string;
  readonly timezone: string;
  readonly includePatients: boolean;
  readonly dailyLimit: number;
  readonly quietHours: QuietHours | null;
  readonly lease: number;
  readonly grace: number;
  readonly askAfter: number;
}

export interface SmsDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly smsSettings: SmsSettings;
  readonly provider: SmsProvider;
  readonly now: () => Date;
}
