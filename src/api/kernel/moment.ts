/**
 * RFC 3339 as programs write it: `t` and `z` in lower case, a blank instead of `T`, seconds left out, `+1100` and
 * `+11`.
 */
const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,30}))?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)$/;

const MINUTE = 60_000;

export interface PlacedMoment {
  readonly at: Date;
  /** Minutes ahead of UTC as written; null: in UTC, which says nothing about the place. */
  readonly utcOffset: number | null;
}

export const parseMoment = (text: string): Date | null => parsePlacedMoment(text)?.at ?? null;

/**
 * A time with its offset; null: it is not one. A leap second (RFC 3339, 5.6) becomes the second after it, as in POSIX.
 * Anything finer than a millisecond is cut off.
 */
export function parsePlacedMoment(text: string): PlacedMoment | null {
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const [, , , , , , , fraction = "", sign, hours = "0", minutes = "0"] = match;
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || second === undefined) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have would become a day of the next month.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return null;
  local.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, "0")));
  const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return { at: new Date(local.getTime() - ahead * MINUTE), utcOffset: ahead === 0 ? null : ahead };
}
