import { z } from "zod";

/** Fields that many routes have, so that they are checked and documented alike. */

/** A whole number in the query string. */
export function queryInteger(options: { min: number; max: number; default: number }) {
  const { min, max } = options;
  return z
    .string()
    .regex(/^\d{1,9}$/, "Must be a whole number")
    .transform(Number)
    .refine((number) => number >= min && number <= max, `Must be from ${min} to ${max}`)
    .prefault(String(options.default))
    .meta({ jsonSchema: { type: "integer", minimum: min, maximum: max, default: options.default } });
}

/** `true` or `false` in the query string; `false` when it is not there. */
export const queryFlag = () =>
  z
    .enum(["true", "false"])
    .prefault("false")
    .transform((word) => word === "true")
    .meta({ jsonSchema: { type: "boolean", default: false } });

/** The limits are keywords of JSON Schema validators that know formats (Ajv's among them); others pass them over. */
const MOMENT = {
  type: "string",
  format: "date-time",
  formatMinimum: "1900-01-01T00:00:00Z",
  formatMaximum: "9999-12-31T23:59:59Z",
  maxLength: 64,
};

/** A moment, RFC 3339 with offset. From 1900 to 9999: what every part that it is handed to can hold. */
export const moment = () =>
  z.iso
    .datetime({ offset: true })
    .max(64)
    .transform((text) => new Date(text))
    .refine(
      (date) => date.getUTCFullYear() >= 1900 && date.getUTCFullYear() <= 9999,
      "Must be between 1900 and 9999",
    )
    .meta({ jsonSchema: MOMENT });

/** A moment, and how many minutes ahead of UTC it was written; null: in UTC, which says nothing of where. */
export const placedMoment = () =>
  z
    .string()
    .max(64)
    .transform((text, context) => {
      const at = moment().safeParse(text);
      if (at.success) return { at: at.data, utcOffset: offsetOf(text) };
      for (const { message } of at.error.issues) context.addIssue(message);
      return z.NEVER;
    })
    .meta({ jsonSchema: MOMENT });

function offsetOf(text: string): number | null {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(text.trim()) ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === undefined || size === 0 ? null : sign === "-" ? -size : size;
}

/** A moment in an answer. */
export const momentOut = () => z.iso.datetime({ offset: true });

/** An id as HealthTrack has it: any text of one line. */
export const id = () =>
  z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}]*$/u, "Must not hold control characters");
