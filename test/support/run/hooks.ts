/** Mocha's root hooks (`--require test/support/run/hooks.ts`): what the whole run shares ends with it. */

import { stopTestPostgres } from "../database/postgres.ts";
import { stopSharedStack } from "../stack/stack.ts";
import { expectNoDeprecations } from "./deprecations.ts";

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopSharedStack();
    await stopTestPostgres();
    expectNoDeprecations();
  },
};
