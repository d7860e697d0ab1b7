import { z } from "zod";
import { type FieldError, invalidInput } from "./problem.ts";

/** A request as it came: decoded, but nothing more. */
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body: unknown;
}

interface Schemas<P, Q, B> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

const NOTHING = z.strictObject({});

/**
 * Checks a request against its route's schemas.
 * @throws Problem 400 that lists everything that is wrong, each with its path.
 */
export function parseInput<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  schemas: Schemas<P, Q, B>,
  raw: RawInput,
): { params: z.output<P>; query: z.output<Q>; body: z.output<B> } {
  const errors: FieldError[] = [];
  const parse = <S extends z.ZodType>(schema: S | undefined, value: unknown): z.output<S> => {
    const parsed = safely(schema ?? NOTHING, value);
    if (!parsed.success) for (const issue of parsed.error.issues) errors.push(...fieldErrors(issue));
    errors.push(...unstorable(value));
    // Unused when it did not succeed: the errors are thrown below.
    return parsed.data as z.output<S>;
  };
  const params = parse(schemas.params, raw.params);
  const query = parse(schemas.query, raw.query);
  const body = parse(schemas.body, raw.body);
  if (errors.length > 0) throw invalidInput(errors);
  return { params, query, body };
}

/** zod overflows its stack when it has found some 100,000 things wrong in one list. */
function safely(schema: z.ZodType, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError)
      throw invalidInput([{ path: "", message: "More is wrong than can be listed" }]);
    throw error;
  }
}

/** What is listed of one object or one request; the rest would help nobody, and cost. */
const MOST_LISTED = 100;

/** `["users", 3, "name"]` as `users[3].name`. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    // The key was made up by the sender, so it is cut short and shown as text that any log and terminal can take.
    return issue.keys
      .slice(0, MOST_LISTED)
      .map((key) => ({ path: pathOf([...issue.path, shown(key)]), message: "Unknown field" }));
  }
  return [{ path: pathOf(issue.path), message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) return "Missing";
  if (issue.code === "invalid_format" && issue.format === "datetime") {
    return "Must be a time with offset, such as 2026-03-02T09:30:00+11:00";
  }
  if (issue.code === "invalid_format" && issue.format === "email") return "Must be an e-mail address";
  return issue.message;
}

const shown = (key: string): string => key.slice(0, 64).replace(/[\p{C}\p{Z}]/gu, "?");

/**
 * Text that PostgreSQL and Matrix cannot hold: the NUL character, and halves of surrogate pairs. Looked for in the whole
 * request, so that no route can forget. Without recursion: what is nested a million deep must not end the process.
 */
function unstorable(value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const waiting: { value: unknown; path: Path | null }[] = [{ value, path: null }];
  const check = (text: string, path: Path | null) => {
    if (text.includes("\0"))
      errors.push({ path: pathOf(unrolled(path)), message: "Must not hold the NUL character" });
    else if (!text.isWellFormed())
      errors.push({ path: pathOf(unrolled(path)), message: "Must be valid Unicode" });
  };
  for (let next = waiting.pop(); next !== undefined && errors.length < MOST_LISTED; next = waiting.pop()) {
    const { value: here, path } = next;
    if (typeof here === "string") check(here, path);
    else if (Array.isArray(here)) {
      for (const [index, item] of here.entries()) {
        if (worthALook(item)) waiting.push({ value: item, path: { part: index, above: path } });
      }
    } else if (typeof here === "object" && here !== null) {
      for (const [key, item] of Object.entries(here)) {
        const below = { part: shown(key), above: path };
        check(key, below);
        if (worthALook(item)) waiting.push({ value: item, path: below });
      }
    }
  }
  return errors;
}

interface Path {
  readonly part: string | number;
  readonly above: Path | null;
}

const worthALook = (value: unknown): boolean => typeof value === "string" || typeof value === "object";

function unrolled(path: Path | null): (string | number)[] {
  const parts: (string | number)[] = [];
  for (let at = path; at !== null; at = at.above) parts.push(at.part);
  return parts.reverse().slice(0, 20);
}
