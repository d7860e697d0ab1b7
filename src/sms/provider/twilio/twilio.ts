import { createRequire } from "node:module";
import type { Logger } from "pino";
import type { Twilio } from "twilio";
import { ProviderAway, type ProviderSms, type SmsProvider } from "../port.ts";
import { outcomeOfError } from "./outcome.ts";
import { requestClient } from "./request-client.ts";
import { failureOf, stateOf } from "./statuses.ts";
import { twilioWebhooks } from "./webhooks.ts";

export interface TwilioOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly from: string | undefined;
  readonly messagingServiceSid: string | undefined;
  readonly baseUrl: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly publicUrl: string;
  readonly log: Logger;
}

/** SMS in one page of Twilio's list, and the most pages that are looked through. */
const PAGE = 100;
const MOST_PAGES = 20;
/** Twilio's clock and ours may differ by this (milliseconds), and it says seconds only. */
const CLOCKS_DIFFER = 5_000;

type Construct = new (sid: string, token: string, options: object) => Twilio;

export function twilioProvider(options: TwilioOptions): SmsProvider {
  const { accountSid, authToken, from, messagingServiceSid, baseUrl, timeout, publicUrl } = options;
  const { Twilio: Client } = createRequire(import.meta.url)("twilio") as { Twilio: Construct };
  const client = new Client(accountSid, authToken, { httpClient: requestClient(baseUrl, timeout) });
  const sender = messagingServiceSid === undefined ? { from: from ?? "" } : { messagingServiceSid };
  return {
    name: "twilio",
    async submit({ to, body, ref }) {
      try {
        const made = await client.messages.create({
          to,
          body,
          ...sender,
          smartEncoded: true,
          statusCallback: `${publicUrl}/webhooks/twilio/status/${ref}`,
        });
        // A 201 without a sid was cut off: it was accepted, and the callback or the list will tell.
        if (typeof made.sid !== "string" || made.sid === "") return { is: "unknown" };
        return { is: "accepted", sid: made.sid, state: stateOf(made.status) ?? "accepted" };
      } catch (error) {
        return outcomeOfError(error);
      }
    },
    async find({ to, body, since }) {
      const from = since.getTime() - CLOCKS_DIFFER;
      const found: ProviderSms[] = [];
      // Newest first. Not by date of sending: what waits at Twilio has none.
      let page = await answered(() => client.messages.page({ to, pageSize: PAGE }));
      for (let pages = 1; ; pages++) {
        for (const sms of page.instances)
          if (sms.direction.startsWith("outbound") && sms.body === body && sms.dateCreated.getTime() >= from)
            found.push(ours(sms));
        const oldest = page.instances.at(-1);
        const next = page.getNextPageUrl();
        if (oldest === undefined || oldest.dateCreated.getTime() < from || next === undefined) return found;
        // Not to have come to the end is not to know.
        if (pages === MOST_PAGES) throw new ProviderAway("too many SMS to one number");
        page = await answered(() => client.messages.getPage(next));
      }
    },
    async ask(sid) {
      try {
        return ours(await answered(() => client.messages(sid).fetch()));
      } catch (error) {
        if (error instanceof ProviderAway && error.cause === 404) return null;
        throw error;
      }
    },
    webhooks: (reports) => twilioWebhooks({ accountSid, authToken, publicUrl, log: options.log }, reports),
  };
}

const ours = (sms: { sid: string; status: string; errorCode: number | null }): ProviderSms => ({
  sid: sms.sid,
  state: stateOf(sms.status),
  failure: sms.errorCode ? failureOf(String(sms.errorCode)) : null,
});

/** Twilio's errors hold the request, so only its status is kept. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const status: unknown =
      typeof error === "object" && error !== null ? Reflect.get(error, "status") : undefined;
    throw new ProviderAway("the SMS service does not answer", { cause: status });
  }
}
