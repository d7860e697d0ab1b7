const FIRST = 250;
const LONGEST = 60_000;

/** Milliseconds until the next try after the `attempt`-th failure: doubles from a quarter of a second to a minute. */
export function retryIn(attempt: number): number {
  return Math.min(LONGEST, FIRST * 2 ** Math.max(0, attempt - 1));
}
