import { z } from "zod";
import { tidyName } from "../base/tidy-name.ts";
import { duration } from "./duration.ts";
import { httpUrl, secret, text } from "./fields.ts";

const clock = () => z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "write it as 21:00, in quotes");

export const smsSchema = z
  .strictObject({
    provider: z
      .enum(["log", "twilio"])
      .default("log")
      .describe("who sends SMS; log: nobody, the SMS is only shown under the message"),
    body: z
      .enum(["full", "notice"])
      .default("full")
      .describe("what an SMS says: the message, or only that there is one in Whisper"),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, "two capital letters, such as AU")
      .default("AU")
      .describe("country of mobile numbers that are written without one"),
    practice_name: z
      .string()
      .overwrite((name) => tidyName(name))
      .min(1)
      .max(60)
      .optional()
      .describe("at the end of each SMS; if not set, practice.name"),
    include_patients: z
      .boolean()
      .default(false)
      .describe("leave patients' ids in the text; by default an SMS has none"),
    daily_limit: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe("the most SMS that one user may send in a day"),
    quiet_hours: z
      .strictObject({
        from: clock().default("21:00").describe("when they begin"),
        to: clock().default("07:00").describe("when they end"),
      })
      .optional()
      .describe("no SMS goes out in these hours of the practice's day; it waits for their end"),
    lease: duration("2m").describe("an attempt to send that has no answer after this time is looked into"),
    grace: duration("10m").describe(
      "how long an SMS is looked for at the provider before its sender is asked what to do",
    ),
    ask_after: duration("15m").describe(
      "the provider is asked about an SMS that it has said nothing of for this long",
    ),
    twilio: z
      .strictObject({
        account_sid: z
          .string()
          .regex(/^AC[0-9a-fA-F]{32}$/, "begins with AC; see Twilio's console")
          .optional()
          .describe("the account's SID"),
        auth_token: secret().optional().describe("the account's auth token; also checks Twilio's webhooks"),
        from: text()
          .optional()
          .describe("the mobile number that SMS come from and replies go to, such as +61480000000"),
        messaging_service_sid: z
          .string()
          .regex(/^MG[0-9a-fA-F]{32}$/, "begins with MG; see Twilio's console")
          .optional()
          .describe("a messaging service instead of a number"),
        base_url: httpUrl().optional().describe("another address of Twilio's API, such as in tests"),
        timeout: duration("15s").describe("how long to wait for Twilio's answer"),
      })
      .optional()
      .describe("the account with Twilio"),
  })
  .superRefine(({ provider, twilio }, context) => {
    if (provider !== "twilio") return;
    const missing = (key: string, what: string) =>
      context.addIssue({ code: "custom", path: ["twilio", key], message: `is missing; put in ${what}` });
    if (twilio?.account_sid === undefined)
      missing("account_sid", "the account's SID, or set sms.provider to log");
    if (twilio?.auth_token === undefined) missing("auth_token", "the account's token");
    if (twilio?.from === undefined && twilio?.messaging_service_sid === undefined)
      missing("from", "a number of the account, or messaging_service_sid");
  })
  .prefault({})
  .describe("Messages that also go out as SMS");
