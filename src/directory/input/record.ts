import type { z } from "zod";
import { issueSentence, MOST_LISTED, settingPath, shownKey } from "../../config/issue-sentence.ts";

/** Part of a directory that could not be taken as sent. */
export interface DirectoryProblem {
  /** Where it is, such as `users[3].email`. */
  readonly path: string;
  readonly message: string;
  /** What happened instead: Whisper kept what it knew, or acted as if it had not been sent. */
  readonly kept: "as known" | "left out";
  /** The name of whom it is about, if known: for the admin room only. */
  readonly about?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A record as read: whole, or without what could not be read. `value` null: it cannot be read at all. */
export interface ReadRecord<T> {
  readonly value: T | null;
  readonly problems: readonly DirectoryProblem[];
}

/**
 * Reads a record field by field. A field that cannot be read stays as `known`, or is left out if nothing is known. If
 * the record cannot do without the field, the record cannot be read.
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
    if (issue.code !== "unrecognized_keys")
      return [{ path: `${path}.${settingPath(issue.path)}`, message, kept }];
    return issue.keys
      .slice(0, MOST_LISTED)
      .map((key) => ({ path: `${path}.${shownKey(key)}`, message, kept: "left out" }));
  });
  return { value, problems };
}

/**
 * The names in a field that should be a name, even if it was sent as a number or with control characters: enough to
 * find whose record it is, not enough to make an account.
 */
export function readableNames(value: unknown): string[] {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof one === "number") return [String(one)];
  if (typeof one !== "string" || one.length > 1_000) return [];
  const plain = one.replace(/[\p{C}\u2028\u2029]/gu, "").trim();
  const blank = one.replace(/[\p{C}\u2028\u2029]/gu, " ").trim();
  return [plain, blank].filter((name) => name !== "");
}

/** Where a problem is, without the name of a field that the sender invented, which could be anything. */
const PLACE = /^\w+(?:\[\d+\])?/;
const FIELD =
  /^\.(?:username|id|name|role|email|mobile|active|permissions|doctor|doctor_ids|locations|members)\b(?:\[\d+\])?/;

/** The only part of problems that the log may show: their places. */
export const placesOf = (problems: readonly DirectoryProblem[]): string[] =>
  problems.slice(0, MOST_LISTED).map(({ path }) => {
    const place = PLACE.exec(path)?.[0] ?? "";
    return place + (FIELD.exec(path.slice(place.length))?.[0] ?? "");
  });
