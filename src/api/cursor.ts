import { z } from "zod";
import { invalidInput } from "./problem.ts";

/**
 * Where the next page starts: the sort keys of the last row of this one, opaque to the caller. Pages made so neither
 * skip nor repeat a row when others are added meanwhile.
 */
export function writeCursor(keys: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString("base64url");
}

/** @throws Problem 400 when it is none of ours. */
export function readCursor<S extends z.ZodType>(cursor: string | undefined, schema: S): z.output<S> | null {
  if (cursor === undefined) return null;
  const parsed = schema.safeParse(decoded(cursor));
  if (!parsed.success)
    throw invalidInput([{ path: "cursor", message: "Must be the next_cursor of an answer" }]);
  return parsed.data;
}

function decoded(cursor: string): unknown {
  try {
    const text = Buffer.from(cursor, "base64url").toString("utf8");
    return text.includes("\\u0000") ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const cursorParameter = () =>
  z.string().min(1).max(2_000).optional().describe("`next_cursor` of the page before");
export const nextCursor = () =>
  z.string().nullable().describe("give it as `cursor` for the next page; null: this was the last");
