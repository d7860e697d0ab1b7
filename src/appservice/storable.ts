/** Escapes that PostgreSQL's jsonb refuses: the NUL character and surrogates without their other half. */
const SUSPECT = /\\u0000|\\ud[89a-f]/i;

/**
 * JSON that PostgreSQL can store. A client may send any text at all; an event that cannot be stored would be
 * delivered again for ever and hold up everything behind it, so what jsonb refuses becomes U+FFFD.
 */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPECT.test(json) ? JSON.stringify(clean(value)) : json;
}

/**
 * What was asked of the homeserver, as it would have come through the intake: so that it can be stored, and is equal to
 * what is known already.
 */
export function storable<T>(value: T): T {
  return SUSPECT.test(JSON.stringify(value)) ? (clean(value) as T) : value;
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\0", "\uFFFD");
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), clean(inner)]));
}
