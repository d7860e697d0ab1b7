/** matrix-js-sdk logs each request and retry to the console unless it is given a logger that does not. */
import type { createClient } from "matrix-js-sdk";

type Logger = NonNullable<Parameters<typeof createClient>[0]["logger"]>;

const nothing = (): void => undefined;

export const quiet: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  getChild: () => quiet,
};
