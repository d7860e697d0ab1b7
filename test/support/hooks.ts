/** Mocha's root hooks (`--require test/support/hooks.ts`): what the whole run shares ends with it. */
import { expectNoDeprecations } from "./deprecations.ts";
import { stopTestPostgres } from "./postgres.ts";
import { stopSharedStack } from "./stack.ts";

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopSharedStack();
    await stopTestPostgres();
    expectNoDeprecations();
  },
};
