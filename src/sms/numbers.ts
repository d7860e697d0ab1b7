import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { ReadNumber } from "../policy/sms/recipient.ts";

/** Longer text is no phone number with a remark. */
const LONGEST = 80;

/**
 * Reads a mobile number as directories have it: `0412 345 678`, `+61 (0)412 345 678`, `04 1234 5678 (wife)`. Two numbers
 * in one field cannot be read: it is not for us to choose.
 * @param country the ISO 3166 code for numbers without one.
 */
export function readMobile(text: string | null, country: string): ReadNumber {
  const written = text?.replace(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, "").trim() ?? "";
  if (written === "") return { is: "none" };
  if (written.length > LONGEST) return { is: "unreadable" };
  // `+0412…` has a plus too many. `0061` is how other countries dial Australia.
  const dialled = written.replace(/^\+\s?0(?=[1-9])/, "0").replace(/^(?:\+\s?00|00(?!11))(?=[1-9])/, "+");
  const number = parsePhoneNumberFromString(
    dialled,
    isSupportedCountry(country) ? { defaultCountry: country satisfies CountryCode } : undefined,
  );
  if (number === undefined || number.ext !== undefined) return { is: "unreadable" };
  const mobile = { is: "mobile", e164: number.number } as const;
  switch (number.getType()) {
    case "MOBILE":
    case "FIXED_LINE_OR_MOBILE":
      return mobile;
    case undefined:
      // Ranges younger than the metadata. Australian mobiles begin with 4 or 5 (ACMA, Numbering Plan 2025, schedule 3).
      if (number.countryCallingCode === "61")
        return /^[45]\d{8}$/.test(number.nationalNumber) ? mobile : { is: "unreadable" };
      return number.isPossible() ? mobile : { is: "unreadable" };
    default:
      return { is: "landline" };
  }
}
