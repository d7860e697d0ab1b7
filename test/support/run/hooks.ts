/**
 * Mocha's global teardown (`--require test/support/run/hooks.ts`): what a run's files share ends with the run.
 *
 * With `--parallel` Mocha runs each file in one of several worker processes, which end before this is called. A worker
 * keeps its stack and its database server from file to file. Its server ends with it, its stack is swept up here.
 */

import { stopTestPostgres } from "../database/postgres.ts";
import { stopSharedStack, sweep } from "../stack/stack.ts";
import { expectNoDeprecations } from "./deprecations.ts";

export async function mochaGlobalTeardown(): Promise<void> {
  await stopSharedStack();
  await stopTestPostgres();
  await sweep();
  expectNoDeprecations();
}
