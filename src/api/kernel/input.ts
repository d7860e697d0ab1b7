import { z } from "zod";
import { issueSentence, MOST_LISTED, settingPath, shownKey } from "../../config/issue-sentence.ts";
import { type FieldError, invalidInput } from "./problem.ts";

/** A request as it came: decoded and nothing else. */
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body: unknown;
}

interface Schemas<P, Q, B> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly checksOwnText?: boolean;
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
  const parse = <S extends z.ZodType>(
    schema: S | undefined,
    value: unknown,
    checkText = true,
  ): z.output<S> => {
    const parsed = safely(schema ?? NOTHING, value);
    if (!parsed.success) for (const issue of parsed.error.issues) errors.push(...fieldErrors(issue));
    if (checkText) errors.push(...unstorable(value));
    // Not used on failure: the errors are thrown below.
    return parsed.data as z.output<S>;
  };
  const params = parse(schemas.params, raw.params);
  const query = parse(schemas.query, once(raw.query, errors));
  const body = parse(schemas.body, raw.body, schemas.checksOwnText !== true);
  if (errors.length > 0) throw invalidInput(errors);
  return { params, query, body };
}

/** No query parameter is a list, so a repeated one is the sender's mistake. */
function once(query: RawInput["query"], errors: FieldError[]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      if (typeof value === "string") return [name, value];
      errors.push({ path: shownKey(name), message: "Must be sent once" });
      return [name, value[0]];
    }),
  );
}

/** zod overflows its stack when it finds some 100,000 errors in one list. */
function safely(schema: z.ZodType, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError)
      throw invalidInput([{ path: "", message: "Has more errors than can be listed" }]);
    throw error;
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .slice(0, MOST_LISTED)
      .map((key) => ({ path: settingPath([...issue.path, shownKey(key)]), message: issueSentence(issue) }));
  }
  return [{ path: settingPath(issue.path), message: issueSentence(issue) }];
}

/**
 * Text that PostgreSQL and Matrix cannot hold: the NUL character, and halves of surrogate pairs. Searched for in the
 * whole request, so that no route can forget. Without recursion: a body nested a million levels deep must not end the
 * process.
 */
function unstorable(value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const waiting: { value: unknown; path: Path | null }[] = [{ value, path: null }];
  const check = (text: string, path: Path | null) => {
    if (text.includes("\0"))
      errors.push({ path: settingPath(unrolled(path)), message: "Must not contain the NUL character" });
    else if (!text.isWellFormed())
      errors.push({ path: settingPath(unrolled(path)), message: "Must be valid Unicode" });
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
        const below = { part: shownKey(key), above: path };
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
