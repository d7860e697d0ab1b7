import type { Logger } from "pino";
import type { Config } from "../config/schema.ts";
import type { SmsSettings } from "./dependencies.ts";
import { logProvider } from "./provider/log.ts";
import type { SmsProvider } from "./provider/port.ts";
import { twilioProvider } from "./provider/twilio/twilio.ts";

/** What SMS need from the configuration. */
export const smsSettings = ({ sms, practice }: Config): SmsSettings => ({
  body: sms.body,
  country: sms.country,
  practiceName: sms.practice_name ?? practice.name,
  timezone: practice.timezone,
  includePatients: sms.include_patients,
  dailyLimit: sms.daily_limit,
  quietHours: sms.quiet_hours ?? null,
  lease: sms.lease,
  grace: sms.grace,
  askAfter: sms.ask_after,
});

export function smsProvider({ sms, public_url }: Config, log: Logger): SmsProvider {
  const { provider, twilio } = sms;
  switch (provider) {
    case "log":
      return logProvider;
    case "twilio":
      // The configuration was checked (config/sms-schema.ts).
      if (twilio?.account_sid === undefined || twilio.auth_token === undefined)
        throw new Error("sms.twilio is incomplete");
      return twilioProvider({
        accountSid: twilio.account_sid,
        authToken: twilio.auth_token.reveal(),
        from: twilio.from,
        messagingServiceSid: twilio.messaging_service_sid,
        baseUrl: twilio.base_url,
        timeout: twilio.timeout,
        publicUrl: public_url,
        log,
      });
    default:
      return provider satisfies never;
  }
}

/** For `whisper check-config`: what works, and probably not as intended. */
export function smsWarnings({ sms, public_url }: Config): string[] {
  if (sms.provider !== "twilio") return ["sms.provider is log: SMS are shown in Whisper, and none is sent."];
  const warnings: string[] = [];
  if (sms.twilio?.from !== undefined && /\p{L}/u.test(sms.twilio.from))
    warnings.push(
      "sms.twilio.from is a name. Nobody can reply to it, and until it is in the ACMA's SMS Sender ID Register phones show it as Unverified. Use a mobile number.",
    );
  else if (sms.twilio?.from !== undefined && !/^\+\d{8,15}$/.test(sms.twilio.from))
    warnings.push("sms.twilio.from is not in the form that Twilio takes: write it as +61480000000.");
  if (!public_url.startsWith("https://"))
    warnings.push(
      "public_url is not https: Twilio's reports and replies would travel unprotected, or not arrive.",
    );
  if (sms.twilio?.base_url !== undefined)
    warnings.push("sms.twilio.base_url is set: SMS go there, and not to Twilio.");
  if (sms.lease <= (sms.twilio?.timeout ?? 0))
    warnings.push(
      "sms.lease is not longer than sms.twilio.timeout: attempts are looked into before they can end.",
    );
  return warnings;
}
