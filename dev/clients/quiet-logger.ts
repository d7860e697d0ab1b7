/** Stops matrix-js-sdk from logging each request and retry to the console. It has to be told in two places. */
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

/** Rooms and calls write to the SDK's global logger, whichever logger the client was given. */
export function silenceSdk(): void {
  Object.assign(sdkLogger, quiet, { log: nothing });
}
