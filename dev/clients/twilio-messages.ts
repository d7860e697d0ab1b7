/** Messages at the stand-in of Twilio, and how Twilio shows them. */
import { ACCOUNT, FROM } from "./twilio-account.ts";

export interface SentSms {
  readonly sid: string;
  readonly to: string;
  readonly body: string;
  readonly callback: string;
  status: string;
  errorCode: number | null;
  /** By Twilio's clock. */
  readonly createdAt: Date;
}

/** An SMS that someone sent to the practice. */
export interface ReceivedSms {
  readonly sid: string;
  readonly from: string;
  readonly body: string;
  readonly createdAt: Date;
}

/** RFC 2822, as Twilio writes it. */
const rfc2822 = (at: Date): string => at.toUTCString().replace("GMT", "+0000");

const PATH = `/2010-04-01/Accounts/${ACCOUNT}/Messages`;

const common = (sid: string, createdAt: Date) => ({
  sid,
  account_sid: ACCOUNT,
  error_message: null,
  num_segments: "1",
  num_media: "0",
  price: null,
  price_unit: "AUD",
  messaging_service_sid: null,
  api_version: "2010-04-01",
  date_created: rfc2822(createdAt),
  date_updated: rfc2822(createdAt),
  uri: `${PATH}/${sid}.json`,
  subresource_uris: {},
});

export const sentAsShown = (sms: SentSms) => ({
  ...common(sms.sid, sms.createdAt),
  to: sms.to,
  from: FROM,
  body: sms.body,
  status: sms.status,
  direction: "outbound-api",
  error_code: sms.errorCode,
  date_sent: null,
});

const receivedAsShown = (sms: ReceivedSms) => ({
  ...common(sms.sid, sms.createdAt),
  to: FROM,
  from: sms.from,
  body: sms.body,
  status: "received",
  direction: "inbound",
  error_code: null,
  date_sent: rfc2822(sms.createdAt),
});

/** One page of the list, newest first: `To`, `From` and the days of sending (`DateSent>`, `DateSent<`) narrow it. */
export function pageOf(query: URLSearchParams, sent: readonly SentSms[], received: readonly ReceivedSms[]) {
  const [to, from] = [query.get("To"), query.get("From")];
  const [after, before] = [query.get("DateSent>"), query.get("DateSent<")];
  const found = [
    ...sent.map((sms) => ({ at: sms.createdAt, shown: sentAsShown(sms), isSent: false })),
    ...received.map((sms) => ({ at: sms.createdAt, shown: receivedAsShown(sms), isSent: true })),
  ]
    .filter(({ shown }) => (to === null || shown.to === to) && (from === null || shown.from === from))
    .filter(({ at, isSent }) => (after === null && before === null) || (isSent && within(at, after, before)))
    .toReversed()
    .toSorted((one, other) => other.at.getTime() - one.at.getTime());
  const size = Number(query.get("PageSize") ?? 50);
  const page = Number(query.get("Page") ?? 0);
  const next = new URLSearchParams(query);
  next.set("Page", String(page + 1));
  next.set("PageToken", `PA${page}`);
  const end = (page + 1) * size;
  return {
    messages: found.slice(page * size, end).map(({ shown }) => shown),
    next_page_uri: end < found.length ? `${PATH}.json?${next}` : null,
    page,
    page_size: size,
  };
}

const within = (at: Date, after: string | null, before: string | null): boolean =>
  (after === null || at >= new Date(after)) && (before === null || at <= new Date(before));
