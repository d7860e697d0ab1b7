const FIRST = 2_000;
const LONGEST = 10 * 60_000;

/**
 * Milliseconds until the next try of an SMS that the provider certainly has not got: doubles from two seconds to ten
 * minutes, at random between half and all of that, and never before the provider's own Retry-After.
 * @param tries those made, at least 1. @param random from 0 to 1.
 */
export function retryIn(tries: number, retryAfter: number | null, random: number): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(20, Math.max(0, tries - 1)));
  return Math.max(retryAfter ?? 0, longest * (0.5 + random / 2));
}

/** An SMS that is later than this (milliseconds) helps nobody: its sender is told instead. */
export const TOO_LATE = 4 * 3_600_000;

/** Within this time of the message (milliseconds) nobody else can have sent its SMS, such as before a backup. */
export const SURELY_NEW = 2 * 60_000;
