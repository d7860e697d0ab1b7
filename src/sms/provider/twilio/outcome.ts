import type { Submitted } from "../../../policy/sms/states.ts";
import { TooManyRequests } from "./request-client.ts";
import { failureOf } from "./statuses.ts";

/** There was no connection, so Twilio has not got the request. */
const NO_CONNECTION: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);
/** Twilio asks to slow down: too many requests at once (20429), or its queue is full (21611). */
const SLOW_DOWN: ReadonlySet<string> = new Set(["20429", "21611"]);

/**
 * What an error of `Messages.create` means. Only an answer that says so means that Twilio has not taken the SMS:
 * `Messages.create` has no idempotency key, so anything else may have been accepted (measured with twilio-node 6.2).
 */
export function outcomeOfError(error: unknown): Submitted {
  if (error instanceof TooManyRequests) return { is: "later", retryAfter: error.retryAfter };
  if (typeof error !== "object" || error === null) return { is: "unknown" };
  const status: unknown = Reflect.get(error, "status");
  const code: unknown = Reflect.get(error, "code");
  if (NO_CONNECTION.has(code)) return { is: "later", retryAfter: null };
  // A RestException. An answer that was cut off also has a status, but no code of Twilio's.
  if (typeof status !== "number" || status < 400 || status >= 500 || status === 408) return { is: "unknown" };
  if (SLOW_DOWN.has(String(code))) return { is: "later", retryAfter: null };
  return { is: "refused", reason: status === 401 || status === 403 ? "setup" : failureOf(String(code)) };
}
