import { z } from "zod";
import { tidyName } from "../../base/tidy-name.ts";
import { trimmed } from "../../base/trimmed.ts";

/** Text as HealthTrack sends it: blanks around it do not count, and blank text is none. */

const ONE_LINE = /^[^\p{Cc}\u2028\u2029]*$/u;

/** Without halves of surrogate pairs either, which no database can hold. */
export const isOneLine = (text: string): boolean => ONE_LINE.test(text) && text.isWellFormed();

/** @param longest in UTF-16 units, without the blanks around it. */
export const oneLine = (longest: number) =>
  z
    .string()
    .overwrite(trimmed)
    .max(longest)
    .regex(ONE_LINE, "Must be one line, without control characters")
    .refine((text) => text.isWellFormed(), "Must be valid Unicode");

/** A text that may not be blank: a name, a code. */
export const filled = (longest: number) => oneLine(longest).min(1);

/** A name as people are to see it: control characters and line breaks are blanks, what nobody sees goes. */
export const shownName = (longest: number) =>
  z
    .string()
    .overwrite(trimmed)
    .max(longest, { abort: true })
    .overwrite((text) => tidyName(text, longest));

/** HealthTrack leaves what is not known out, or sends null or blanks. */
export const orNone = <S extends z.ZodType<string>>(schema: S) =>
  schema
    .nullish()
    .transform((text): string | null => (text === undefined || text === null || text === "" ? null : text));
