import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { untilThere } from "../base/until-there.ts";
import type { JobRunner } from "./runner.ts";

/** How long a lost runner may take to release its jobs, in milliseconds; they are idempotent. */
const LET_GO = 10_000;

/**
 * Runs jobs for as long as the process lives. A runner whose database has gone away is lost, since others believe it
 * dead and take over its jobs; a new one starts when the database is back. The API answers 503 meanwhile, which it
 * could not do if the process ended.
 * @returns once the first runner has started. Rejects if it is told to stop before that.
 */
export async function startLastingJobs(
  start: (onLost: (error: Error) => void) => Promise<JobRunner>,
  log: Logger,
  signal: AbortSignal,
): Promise<JobRunner> {
  let lost = Promise.withResolvers<void>();
  const begin = () => {
    lost = Promise.withResolvers();
    const { resolve } = lost;
    return start((error) => {
      log.error({ err: error }, "the database is away; jobs are paused until it is back");
      resolve();
    });
  };
  let runner: JobRunner | undefined = await untilThere("the database", begin, log, signal);
  let stopped = false;
  const ended = Promise.withResolvers<void>();
  const watch = async () => {
    for (;;) {
      await Promise.race([lost.promise, ended.promise]);
      if (stopped) return;
      const gone = runner;
      runner = undefined;
      await Promise.race([
        gone
          ?.stop()
          .catch((error: unknown) => log.warn({ err: error }, "a lost job runner did not stop cleanly")),
        wait(LET_GO, undefined, { ref: false }),
      ]);
      runner = await untilThere("the database", begin, log, signal);
    }
  };
  const watching = watch().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    stop: async () => {
      stopped = true;
      ended.resolve();
      await watching;
      await runner?.stop();
    },
  };
}
