/** Escapes that PostgreSQL's jsonb refuses: the NUL character and unpaired surrogates. */
const SUSPECT = /\\u0000|\\ud[89a-f]/i;

/** No honest event is nested deeper. JavaScript and PostgreSQL run out of stack at a few thousand levels. */
const DEEPEST = 100;

/**
 * JSON that PostgreSQL can store. A client may send anything at all. An event that cannot be stored would be delivered
 * again for ever and block everything behind it, so text that jsonb refuses becomes U+FFFD, and values nested too
 * deeply become null.
 */
export function storableJson(value: unknown): string {
  const json = written(value);
  return json === undefined || SUSPECT.test(json) ? JSON.stringify(clean(value, 0)) : json;
}

/**
 * Something requested from the homeserver, as it would have come through the intake: so it can be stored, and equals
 * what is already known.
 */
export function storable<T>(value: T): T {
  const json = written(value);
  return json === undefined || SUSPECT.test(json) ? (clean(value, 0) as T) : value;
}

/** Undefined: it is nested too deeply. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\0", "\uFFFD");
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return null;
  if (Array.isArray(value)) return value.map((inner) => clean(inner, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [clean(key, depth), clean(inner, depth + 1)]),
  );
}
