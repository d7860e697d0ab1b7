import { setTimeout as wait } from "node:timers/promises";

const EVERY = 1_000;
/** Logs a reminder after every so many tries. */
const REMIND = 30;

interface Warns {
  warn(fields: object, message: string): void;
  info(message: string): void;
}

/**
 * Retries something that needs a service that may not be up yet, until it works, and logs that it waits.
 * @throws AbortError if `signal` ends the wait.
 */
export async function untilThere<T>(
  what: string,
  work: () => Promise<T>,
  log: Warns,
  signal?: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    try {
      const result = await work();
      if (tries > 0) log.info(`${what} is there`);
      return result;
    } catch (error) {
      if (tries % REMIND === 0) log.warn({ err: error }, `waiting for ${what}`);
    }
    await wait(EVERY, undefined, signal && { signal });
  }
}
