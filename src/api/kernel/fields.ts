import { z } from "zod";
import { trimmed } from "../../base/trimmed.ts";
import { code } from "../../directory/input/left-out.ts";
import { BLANK_TEXT } from "../../directory/input/text-patterns.ts";
import { filled, oneLine, orNone } from "../../directory/input/text-schema.ts";
import { parsePlacedMoment } from "./moment.ts";

/** Fields that many routes share, so that they are checked and documented alike. */

/** A whole number in the query string. */
export function queryInteger(options: { min: number; max: number; default: number }) {
  const { min, max } = options;
  return z
    .string()
    .overwrite(trimmed)
    .regex(/^\d{1,9}$/, "Must be a whole number")
    .transform(Number)
    .refine((number) => number >= min && number <= max, `Must be from ${min} to ${max}`)
    .prefault(String(options.default))
    .meta({ jsonSchema: { type: "integer", minimum: min, maximum: max, default: options.default } });
}

/** `true` or `false` in the query string; `false` if it is missing. */
export const queryFlag = () =>
  code(["true", "false"])
    .prefault("false")
    .transform((word) => word === "true")
    .meta({ jsonSchema: { type: "boolean", default: false } });

/**
 * The limits are keywords for JSON Schema validators that know formats, such as Ajv. Others ignore them and use the
 * pattern. It matches almost nothing but times, so a generator can find some from it alone.
 */
const MOMENT = {
  type: "string",
  format: "date-time",
  pattern:
    "^(19|[2-9][0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" +
    "[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,30})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
  formatMinimum: "1900-01-01T00:00:00Z",
  formatMaximum: "9999-12-31T23:59:59Z",
  maxLength: 64,
};

/** A time in RFC 3339 with an offset, in a year from 1900 to 9999, which every part that receives it can hold. */
export const moment = () =>
  placed()
    .transform(({ at }) => at)
    .meta({ jsonSchema: MOMENT });

/** The same, but optional: left out, null or blank. */
export const optionalMoment = () =>
  z
    .preprocess(
      (value) => (value === null || (typeof value === "string" && trimmed(value) === "") ? undefined : value),
      moment().optional(),
    )
    .meta({ jsonSchema: { anyOf: [MOMENT, { type: "string", pattern: BLANK_TEXT }, { type: "null" }] } });

/** A time, and how many minutes ahead of UTC it was written; null: in UTC, which says nothing about the place. */
export const placedMoment = () => placed().meta({ jsonSchema: MOMENT });

const LAST = new Date("9999-12-31T23:59:59.999Z");

const placed = () =>
  z
    .string()
    .overwrite(trimmed)
    .max(64, { abort: true })
    .transform((text, context) => {
      const moment = parsePlacedMoment(text);
      // The year where it was written. Behind UTC, the last hours of 9999 are in the year 10000 in UTC, so its last day
      // ends earlier.
      if (moment !== null && text >= "1900") return { ...moment, at: moment.at > LAST ? LAST : moment.at };
      context.addIssue(
        moment === null
          ? "Must be a time with offset, such as 2026-03-02T09:30:00+11:00"
          : "Must be between 1900 and 9999",
      );
      return z.NEVER;
    });

/** A time in an answer. */
export const momentOut = () => z.iso.datetime({ offset: true });

/** An id as HealthTrack has it: any text on one line; surrounding blanks do not count. */
export const id = () => filled(255);
/** The same, but optional: left out, null or blank. */
export const optionalId = () => orNone(oneLine(255));
