import { z } from "zod";

/**
 * Where the next page starts: the sort keys of the last row of this one. Pages made so neither skip nor repeat a row when
 * others are added meanwhile. Whatever has the form of a cursor is a place in the list, so that the description of the API
 * says all that there is to say of one.
 */

/** Cursors by what the list is sorted by. Text in hexadecimal, without NUL; a moment in milliseconds since 1970. */
const CURSOR = {
  text: /^(0[1-9a-f]|[1-9a-f][0-9a-f])+$/,
  momentAndText: /^[0-9]{1,13}-(0[1-9a-f]|[1-9a-f][0-9a-f])+$/,
} as const;

export const writeCursor = (...keys: readonly (string | Date)[]): string =>
  keys
    .map((key) => (typeof key === "string" ? Buffer.from(key).toString("hex") : String(key.getTime())))
    .join("-");

/** The keys of a cursor that has been checked, as they are written. */
export const keysOf = (cursor: string | undefined): readonly string[] | null => cursor?.split("-") ?? null;
export const textOfKey = (key = ""): string => Buffer.from(key, "hex").toString("utf8");
export const momentOfKey = (key = ""): Date => new Date(Number(key));

export const cursorParameter = (sortedBy: keyof typeof CURSOR) =>
  z
    .string()
    .max(2_000)
    .regex(CURSOR[sortedBy], "Must be the next_cursor of an answer")
    .optional()
    .describe("`next_cursor` of the page before");
export const nextCursor = () =>
  z.string().nullable().describe("give it as `cursor` for the next page; null: this was the last");
