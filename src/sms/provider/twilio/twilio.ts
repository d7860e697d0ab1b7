import { createRequire } from "node:module";
import type { Logger } from "pino";
import type { Twilio } from "twilio";
import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import {
  type IncomingSms,
  ProviderAway,
  type ProviderSms,
  type ReceivedSms,
  type SmsProvider,
} from "../port.ts";
import { outcomeOfError } from "./outcome.ts";
import { requestClient } from "./request-client.ts";
import { failureOf, stateOf } from "./statuses.ts";
import { readable, twilioWebhooks } from "./webhooks.ts";

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
/** Twilio's times are whole seconds, both those of an SMS and its clock in an answer (milliseconds). */
const WHOLE_SECONDS = 2_000;

type Construct = new (sid: string, token: string, options: object) => Twilio;

export function twilioProvider(options: TwilioOptions): SmsProvider {
  const { accountSid, authToken, from, messagingServiceSid, baseUrl, timeout, publicUrl } = options;
  const { Twilio: Client } = createRequire(import.meta.url)("twilio") as { Twilio: Construct };
  const httpClient = requestClient(baseUrl, timeout);
  const client = new Client(accountSid, authToken, { httpClient });
  const sender = messagingServiceSid === undefined ? { from: from ?? "" } : { messagingServiceSid };
  async function received(since: Date | null): Promise<ReceivedSms> {
    const ours = messagingServiceSid === undefined ? { to: from ?? "" } : {};
    let page = await answered(() =>
      client.messages.page({
        ...ours,
        ...(since === null ? { pageSize: 1 } : { dateSentAfter: since, pageSize: PAGE }),
      }),
    );
    const ahead = httpClient.clockAhead;
    const asOf = new Date(Date.now() + ahead);
    if (since === null) return { sms: [], asOf, all: true };
    const found: IncomingSms[] = [];
    for (let pages = 1; ; pages++) {
      for (const sms of page.instances)
        if (
          sms.direction === "inbound" &&
          sms.status === "received" &&
          (messagingServiceSid === undefined || sms.messagingServiceSid === messagingServiceSid)
        )
          found.push(incoming(sms, ahead));
      const next = page.getNextPageUrl();
      if (next === undefined || pages === MOST_PAGES)
        return { sms: found.toReversed(), asOf, all: next === undefined };
      page = await answered(() => client.messages.getPage(next));
    }
  }
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
    async find({ to, body, ago }) {
      const since = Date.now() - ago;
      const found: ProviderSms[] = [];
      // Newest first. Not by date of sending: what waits at Twilio has none.
      let page = await answered(() => client.messages.page({ to, pageSize: PAGE }));
      // An SMS carries the time of Twilio's clock, and so does this answer.
      const from = since + httpClient.clockAhead - WHOLE_SECONDS;
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
    // Nobody can reply to a name.
    ...(from !== undefined && /\p{L}/u.test(from) ? {} : { received }),
    webhooks: (reports) => twilioWebhooks({ accountSid, authToken, publicUrl, log: options.log }, reports),
  };
}

const incoming = (sms: MessageInstance, ahead: number): IncomingSms => ({
  sid: sms.sid,
  at: new Date(sms.dateCreated.getTime() - ahead),
  from: sms.from,
  text: readable(sms.body ?? ""),
  hasMedia: Number(sms.numMedia) > 0,
});

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
