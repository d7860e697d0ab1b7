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

type Constructor = new (options: TwilioRequestClient.RequestClientOptions) => TwilioRequestClient;
type Options<T> = TwilioRequestClient.RequestOptions<T>;

/**
 * twilio-node has no option for the API's address, so its requests are sent there by their client. It does not retry
 * (`autoRetry` is off): whether to try again is decided by the outbox.
 */
export function requestClient(baseUrl: string | undefined, timeout: number): TwilioRequestClient {
  // Loaded only where it is used: it takes 40 MB.
  const Base = createRequire(import.meta.url)("twilio/lib/base/RequestClient.js") as Constructor;
  class Client extends Base {
    override async request<T>(options: Options<T>) {
      const answer = await super.request({ ...options, uri: moved(options.uri, baseUrl), timeout });
      // Twilio's own records of the last request would keep a number and a text in memory.
      delete this.lastRequest;
      delete this.lastResponse;
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
  const named =
    typeof headers === "object" && headers !== null ? Reflect.get(headers, "retry-after") : undefined;
  const seconds = typeof named === "string" && /^\d{1,6}$/.test(named) ? Number(named) : Number.NaN;
  return Number.isNaN(seconds) ? null : seconds * 1_000;
}
