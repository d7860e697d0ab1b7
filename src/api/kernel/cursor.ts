import { z } from "zod";

/**
 * Where the next page starts: the sort keys of this page's last row. Such pages neither skip nor repeat a row when
 * others are added meanwhile. Anything in the form of a cursor is a place in the list, so the API's description says
 * everything about cursors.
 */

/** Cursors by what the list is sorted by. Text is in hexadecimal, without NUL; a time is in milliseconds since 1970. */
const CURSOR = {
  text: /^(0[1-9a-f]|[1-9a-f][0-9a-f])+$/,
  momentAndText: /^[0-9]{1,13}-(0[1-9a-f]|[1-9a-f][0-9a-f])+$/,
} as const;

export const writeCursor = (...keys: readonly (string | Date)[]): string =>
  keys
    .map((key) => (typeof key === "string" ? Buffer.from(key).toString("hex") : String(key.getTime())))
    .join("-");

/** The keys of a checked cursor, as written. */
export const keysOf = (cursor: string | undefined): readonly string[] | null => cursor?.split("-") ?? null;
export const textOfKey = (key = ""): string => Buffer.from(key, "hex").toString("utf8");
export const momentOfKey = (key = ""): Date => new Date(Number(key));

export const cursorParameter = (sortedBy: keyof typeof CURSOR) =>
  z
    .string()
    .max(2_000)
    .regex(CURSOR[sortedBy], "Must be the next_cursor from an answer")
    .optional()
    .describe("the previous page's `next_cursor`");
export const nextCursor = () =>
  z.string().nullable().describe("send it as `cursor` for the next page; null: this is the last");
