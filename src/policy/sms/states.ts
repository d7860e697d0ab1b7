/** The life of one SMS. An ambiguous answer is never posted again, and states only move forward. */

export const SMS_STATES = [
  /** Waits for its turn, for the provider, or for the end of quiet hours. */
  "queued",
  /** An attempt is recorded; its answer is not known yet. */
  "submitting",
  "accepted",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  /** The provider may have it or not: it is looked for. */
  "unknown",
  /** It was looked for and not found: the sender decides. */
  "review",
  /** The sender decided to leave it. */
  "left",
  /** The message was deleted before it was sent. */
  "cancelled",
  /** No provider is set up: the SMS was shown, not sent. */
  "shown",
] as const;
export type SmsState = (typeof SMS_STATES)[number];

/** What a provider can say of an SMS that it has. */
export const REPORTED_STATES = ["accepted", "sent", "delivered", "undelivered", "failed"] as const;
export type ReportedState = (typeof REPORTED_STATES)[number];

/** How far along a state is. Reports come late, twice and in any order, so a smaller rank never replaces a greater. */
const RANK: Readonly<Record<SmsState, number>> = {
  queued: 0,
  submitting: 0,
  unknown: 0,
  review: 0,
  left: 0,
  accepted: 1,
  sent: 2,
  delivered: 3,
  // A failure stays visible: one failed part of several is not "delivered".
  undelivered: 4,
  failed: 4,
  cancelled: 5,
  shown: 5,
};

/** The state after a report of the provider. It is the same state if the report is old news. */
export const afterReport = (state: SmsState, reported: ReportedState): SmsState =>
  RANK[reported] > RANK[state] ? reported : state;

/** Is there nothing more to do or to hear? */
export function isFinal(state: SmsState): boolean {
  return RANK[state] >= RANK.delivered;
}

/** May the provider be asked to send it (again)? Only if it certainly has not got it, or the sender said so. */
export const maySubmit = (state: SmsState): boolean => state === "queued";

/** The outcome of an attempt. */
export type Submitted =
  | { readonly is: "accepted"; readonly sid: string; readonly state: ReportedState }
  /** The provider will never send it. */
  | { readonly is: "refused"; readonly reason: SmsFailure }
  /** The provider certainly has not got it. `retryAfter`: milliseconds, if it said so. */
  | { readonly is: "later"; readonly retryAfter: number | null }
  /** The provider may have it. */
  | { readonly is: "unknown" }
  | { readonly is: "shown" };

/** Why an SMS failed, as far as staff can do something about it. */
export const SMS_FAILURES = [
  "wrong-number",
  "landline",
  "opted-out",
  "unreachable",
  "filtered",
  "setup",
  "provider-away",
  "too-late",
  "other",
] as const;
export type SmsFailure = (typeof SMS_FAILURES)[number];

/** The state after an attempt's answer. A report may have come before the answer; then the state has moved on. */
export function afterAttempt(state: SmsState, submitted: Submitted): SmsState {
  if (submitted.is === "accepted") return afterReport(state, submitted.state);
  if (state !== "submitting" && state !== "unknown") return state;
  switch (submitted.is) {
    case "refused":
      return "failed";
    case "later":
      return "queued";
    case "unknown":
      return "unknown";
    case "shown":
      return "shown";
    default:
      return submitted satisfies never;
  }
}
