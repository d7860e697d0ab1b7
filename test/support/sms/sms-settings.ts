import type { SmsSettings } from "../../../src/sms/dependencies.ts";

export const SMS_SETTINGS: SmsSettings = {
  body: "full",
  country: "AU",
  practiceName: "Test practice",
  timezone: "Australia/Sydney",
  includePatients: false,
  dailyLimit: 50,
  quietHours: null,
  lease: 1_000,
  grace: 10_000,
  askAfter: 900_000,
};
