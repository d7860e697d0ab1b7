import type { z } from "zod";
import { issueSentence, MOST_LISTED, pathOf, shownKey } from "../../config/issue-sentence.ts";

/** Something in a directory that could not be taken as it was sent. */
export interface DirectoryProblem {
  /** Where, such as `users[3].email`. */
  readonly path: string;
  readonly message: string;
  /** What was done instead: what Whisper knew stays, or it is as if it had not been sent. */
  readonly kept: "as known" | "left out";
  /** The name of whom it is about, where that is known: for the admin room only. */
  readonly about?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A record as it was read: whole, or without what could not be read. `value` null: it cannot be read at all. */
export interface ReadRecord<T> {
  readonly value: T | null;
  readonly problems: readonly DirectoryProblem[];
}

/**
 * Reads a record field by field. A field that cannot be read is as it is `known`, or left out when nothing is; unless
 * it is one that the record cannot be without: then the record cannot be read.
 */
export function readRecord<S extends z.ZodObject>(
  schema: S,
  record: Fields,
  path: string,
  known: Partial<z.output<S>> | null,
  needed: readonly string[],
): ReadRecord<z.output<S>> {
  const whole = schema.safeParse(record);
  if (whole.success) return { value: whole.data, problems: [] };
  const issues = whole.error.issues;
  const bad = new Set(issues.map((issue) => String(issue.path[0])));
  const without = needed.some((field) => bad.has(field));
  const mended = without
    ? null
    : schema.safeParse(
        Object.fromEntries(
          Object.keys(schema.shape).flatMap((field) => {
            if (!bad.has(field)) return Object.hasOwn(record, field) ? [[field, record[field]]] : [];
            return known === null ? [] : [[field, known[field as keyof z.output<S>]]];
          }),
        ),
      );
  const value = mended?.success ? mended.data : null;
  const kept = known === null ? "left out" : "as known";
  const problems = issues.slice(0, MOST_LISTED).flatMap((issue): DirectoryProblem[] => {
    const message = issueSentence(issue);
    if (issue.code !== "unrecognized_keys") return [{ path: `${path}.${pathOf(issue.path)}`, message, kept }];
    return issue.keys
      .slice(0, MOST_LISTED)
      .map((key) => ({ path: `${path}.${shownKey(key)}`, message, kept: "left out" }));
  });
  return { value, problems };
}

/**
 * What of a field that ought to be a name could be read as one, be it written as a number or with control characters
 * in it: enough to find whose record it is, not enough to make an account of it.
 */
export function namesIn(value: unknown): string[] {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof one === "number") return [String(one)];
  if (typeof one !== "string" || one.length > 1_000) return [];
  const plain = one.replace(/[\p{C}\u2028\u2029]/gu, "").trim();
  const blank = one.replace(/[\p{C}\u2028\u2029]/gu, " ").trim();
  return [plain, blank].filter((name) => name !== "");
}

/** Where a problem is, without the name of a field that the sender made up, which could be anything. */
const PLACE = /^\w+(?:\[\d+\])?/;
const FIELD =
  /^\.(?:username|id|name|role|email|mobile|active|permissions|doctor|doctor_ids|locations|members)\b(?:\[\d+\])?/;

/** What of problems may be in the log: their places. */
export const placesOf = (problems: readonly DirectoryProblem[]): string[] =>
  problems.slice(0, MOST_LISTED).map(({ path }) => {
    const place = PLACE.exec(path)?.[0] ?? "";
    return place + (FIELD.exec(path.slice(place.length))?.[0] ?? "");
  });
