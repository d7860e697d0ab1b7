import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks until `look` answers something, for things that are announced to nobody, such as a row in a database or an
 * account on the homeserver. Where there is an event, wait for the event.
 * @throws Error with what was waited for, and what `look` threw last, after `ms`.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 15_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${ms / 1_000} s in vain for ${what}`, { cause: last });
    await pause(20);
  }
}
