import { z } from "zod";
import { tidyName } from "../../base/tidy-name.ts";
import { trimmed } from "../../base/trimmed.ts";
import { isEmail } from "./email.ts";
import { EMAIL_OR_BLANK, FILLED_LINE, FILLED_TEXT, LINE, VISIBLE_NAME } from "./text-patterns.ts";

/** Text as HealthTrack sends it: blanks around it do not count, and blank text counts as none. */

const ONE_LINE = /^[^\p{Cc}\u2028\u2029]*$/u;

/** Nor halves of surrogate pairs, which no database can hold. */
export const isOneLine = (text: string): boolean => ONE_LINE.test(text) && text.isWellFormed();

/** What the API's description says about a text. */
const described = (pattern: string, longest: number) => ({
  jsonSchema: { type: "string", maxLength: longest, pattern },
});

const line = (longest: number) =>
  z
    .string()
    .overwrite(trimmed)
    .max(longest)
    .regex(ONE_LINE, "Must be one line, without control characters")
    .refine((text) => text.isWellFormed(), "Must be valid Unicode");

/** @param longest in code points, as zod and JSON Schema count, without surrounding blanks. */
export const oneLine = (longest: number) => line(longest).meta(described(LINE, longest));

/** A text that may not be blank: a name, a code. */
export const filled = (longest: number) => line(longest).min(1).meta(described(FILLED_LINE, longest));

/** A text of any number of lines that may not be blank, kept as sent. */
export const filledText = (longest: number) =>
  z
    .string()
    .max(longest, { abort: true })
    .refine((text) => trimmed(text) !== "", "Must not be empty")
    .meta(described(FILLED_TEXT, longest));

/** An email address, or blank. */
export const emailOrBlank = () =>
  line(254)
    .refine((text) => text === "" || isEmail(text), "Must be an email address, or left out")
    .meta(described(EMAIL_OR_BLANK, 254));

/** A name as people should see it: control characters and line breaks become blanks, invisible characters go. */
export const displayNameSchema = (longest: number) =>
  z
    .string()
    .overwrite(trimmed)
    .max(longest, { abort: true })
    .overwrite((text) => tidyName(text, longest));

/** A name with at least one visible character. */
export const visibleName = (longest: number) =>
  displayNameSchema(longest).min(1).meta(described(VISIBLE_NAME, longest));

/** HealthTrack leaves out what is not known, or sends null or blanks. */
export const orNone = <S extends z.ZodType<string>>(schema: S) =>
  schema
    .nullish()
    .transform((text): string | null => (text === undefined || text === null || text === "" ? null : text));
