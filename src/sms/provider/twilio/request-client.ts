import { createRequire } from "node:module";
import type TwilioRequestClient from "twilio/lib/base/RequestClient.js";

/** Twilio answered 429: it has not taken the request. */
export class TooManyRequests extends Error {
  override readonly name = "TooManyRequests";
  /** Milliseconds; null: Twilio did not say. */
  readonly retryAfter: number | null;

  constructor(retryAfter: number | null) {
    super("too many requests");
    this.retryAfter = retryAfter;
  }
}

/** `clockAhead`: milliseconds by which Twilio's clock was ahead of ours in its last answer, or up to a second more. */
type ClientWithClock = TwilioRequestClient & { readonly clockAhead: number };
type Constructor = new (options: TwilioRequestClient.RequestClientOptions) => TwilioRequestClient;
type Options<T> = TwilioRequestClient.RequestOptions<T>;

/**
 * twilio-node has no option for the API's address, so its requests are sent there by their client. It does not retry
 * (`autoRetry` is off): whether to try again is decided by the outbox.
 */
export function requestClient(baseUrl: string | undefined, timeout: number): ClientWithClock {
  // Loaded only where it is used: it takes 40 MB.
  const Base = createRequire(import.meta.url)("twilio/lib/base/RequestClient.js") as Constructor;
  class Client extends Base {
    clockAhead = 0;

    override async request<T>(options: Options<T>) {
      const answer = await super.request({ ...options, uri: moved(options.uri, baseUrl), timeout });
      // Twilio's own records of the last request would keep a number and a text in memory.
      delete this.lastRequest;
      delete this.lastResponse;
      const date = Date.parse(headerOf(answer.headers, "date") ?? "");
      if (!Number.isNaN(date)) this.clockAhead = date - Date.now();
      if (answer.statusCode === 429) throw new TooManyRequests(retryAfterOf(answer.headers));
      return answer;
    }
  }
  return new Client({ timeout, autoRetry: false });
}

function moved(uri: string, baseUrl: string | undefined): string {
  if (baseUrl === undefined) return uri;
  const { pathname, search } = new URL(uri);
  return `${baseUrl}${pathname}${search}`;
}

function retryAfterOf(headers: unknown): number | null {
  const named = headerOf(headers, "retry-after") ?? "";
  return /^\d{1,6}$/.test(named) ? Number(named) * 1_000 : null;
}

function headerOf(headers: unknown, name: string): string | null {
  const value: unknown =
    typeof headers === "object" && headers !== null ? Reflect.get(headers, name) : undefined;
  return typeof value === "string" ? value : null;
}
