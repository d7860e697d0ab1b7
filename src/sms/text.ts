import { SegmentedMessage } from "sms-segments-calculator";
import * as words from "./words.ts";

/** Twilio's limit for the body of a message, in characters. */
export const LONGEST_SMS = 1_600;

export interface SmsText {
  readonly body: string;
  /** How many messages the carrier counts, and charges. */
  readonly segments: number;
  /** How it travels: 160 characters of GSM-7 fit in one, 70 as soon as another is in it (3GPP TS 23.038). */
  readonly encoding: "GSM-7" | "UCS-2";
}

/**
 * The SMS for a message: the text, then who sent it and the practice's name; or only a notice. Null: there is no text.
 * @param text without directives.
 */
export function smsText(
  body: "full" | "notice",
  text: string,
  who: string,
  practice: string,
): SmsText | "too-long" | null {
  const said = text.trim();
  if (body === "full" && said === "") return null;
  const whole = body === "full" ? words.fullText(said, who, practice) : words.noticeText(who, practice);
  if (whole.length > LONGEST_SMS) return "too-long";
  // As Twilio does with SmartEncoded: curly quotation marks and the like become plain ones, since a single one makes an
  // SMS count more than double. Done here, so that the SMS is found again at Twilio by its body.
  const counted = new SegmentedMessage(whole, "auto", true);
  return {
    body: counted.graphemes.join(""),
    segments: counted.segmentsCount,
    encoding: counted.encodingName,
  };
}
