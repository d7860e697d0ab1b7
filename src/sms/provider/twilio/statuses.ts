import type { ReportedState, SmsFailure } from "../../../policy/sms/states.ts";

/** Twilio's message statuses (Twilio API, "Message resource", Status). Null: none of an SMS that goes out. */
export function stateOf(status: string): ReportedState | null {
  switch (status) {
    case "accepted":
    case "scheduled":
    case "queued":
    case "sending":
      return "accepted";
    case "sent":
      return "sent";
    case "delivered":
    case "read":
      return "delivered";
    case "undelivered":
    // One part of several that is missing is no delivery.
    case "partially_delivered":
      return "undelivered";
    case "failed":
    case "canceled":
      return "failed";
    default:
      return null;
  }
}

/** Twilio's error codes, both those of a refused request (21…) and those of a failed SMS (30…). */
export function failureOf(code: string | null): SmsFailure {
  switch (code) {
    case "21211": // the number is invalid
    case "21217":
    case "30005": // unknown number
      return "wrong-number";
    case "21614": // not a mobile number
    case "21635":
    case "30006": // a landline, or a carrier that cannot be reached
      return "landline";
    case "21610": // they replied STOP
      return "opted-out";
    case "30003": // switched off, or out of reach
      return "unreachable";
    case "30007": // filtered by the carrier
      return "filtered";
    case "21408": // the account may not send to that country
    case "21606": // the sender is no number of the account
    case "21612":
    case "20003": // wrong credentials
    case "21603":
    case "21703":
      return "setup";
    default:
      return "other";
  }
}
