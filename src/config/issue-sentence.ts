import type { z } from "zod";

/**
 * A problem as a sentence for the sender: says what the value must be, and never repeats the value. Uses the schema's
 * own message if there is one (`refine`, `regex`, `custom`).
 */
export function issueSentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.message.endsWith("received undefined")
        ? "Missing: it must be sent"
        : ofType(issue.expected);
    case "too_small":
      return atLeast(issue.origin, Number(issue.minimum), issue.inclusive !== false);
    case "too_big":
      return atMost(issue.origin, Number(issue.maximum), issue.inclusive !== false);
    case "invalid_value":
      return `Must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "unrecognized_keys":
      return "Unknown field: leave it out";
    case "not_multiple_of":
      return `Must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return issue.message.startsWith("Invalid ")
        ? `Must be written as ${formatOf(issue.format)}`
        : issue.message;
    case "custom":
      return issue.message;
    case "invalid_union":
    case "invalid_key":
    case "invalid_element":
      return "Must be written as the documentation shows";
    default:
      return issue satisfies never;
  }
}

/** `["users", 3, "name"]` as `users[3].name`. */
export function settingPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
}

/** The name of a field that the sender invented, as text that any log and terminal can show. */
export const shownKey = (key: string): string => key.slice(0, 64).replace(/[\p{C}\p{Z}]/gu, "?");

/** The most problems listed for one object or request. Nobody would read more, and they cost time. */
export const MOST_LISTED = 100;

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  array: "a list",
  tuple: "a list",
  object: "an object with named fields",
  record: "an object with named fields",
};

const ofType = (expected: string): string => `Must be ${TYPES[expected] ?? "left out"}`;

function atLeast(origin: string, least: number, inclusive: boolean): string {
  if (origin === "string")
    return least === 1 ? "Must not be empty" : `Must have at least ${least} characters`;
  if (isList(origin)) return least === 1 ? "Must not be empty" : `Must have at least ${least} items`;
  return inclusive ? `Must be ${least} or more` : `Must be more than ${least}`;
}

function atMost(origin: string, most: number, inclusive: boolean): string {
  if (origin === "string") return `Must have at most ${most} characters`;
  if (isList(origin)) return `Must have at most ${most} items`;
  return inclusive ? `Must be ${most} or less` : `Must be less than ${most}`;
}

const isList = (origin: string): boolean => ["array", "set", "map"].includes(origin);

const FORMATS: Readonly<Record<string, string>> = {
  datetime: "a time with offset, such as 2026-03-02T09:30:00+11:00",
  email: "an email address",
  url: "an address that begins with https://",
};

const formatOf = (format: string): string => FORMATS[format] ?? "the documentation shows";
