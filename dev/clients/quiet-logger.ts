/** matrix-js-sdk logs each request and retry to the console unless it is told not to, in two places. */
import type { createClient } from "matrix-js-sdk";
import { logger as sdkLogger } from "matrix-js-sdk/lib/logger.js";

type Logger = NonNullable<Parameters<typeof createClient>[0]["logger"]>;

const nothing = (): void => undefined;

/** For a client's own lines. */
export const quiet: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  getChild: () => quiet,
};

/** Rooms and calls write to the SDK's global logger whatever the client was given. */
export function silenceSdk(): void {
  Object.assign(sdkLogger, quiet, { log: nothing });
}
