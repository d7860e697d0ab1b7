import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { type InTurn, type JobSpec, PROMPTLY } from "../store/jobs.ts";
import type { Serial } from "./serial.ts";

export interface PromptJobDependencies {
  readonly database: Database;
  readonly serial: Serial;
  /** Runs a job of this name. Idempotent. */
  readonly carryOut: (spec: JobSpec, inTurn: InTurn) => Promise<void>;
  readonly isAway: (error: unknown) => boolean;
  readonly log: Logger;
}

/**
 * Concurrent runs of this kind. With more work than that, jobs arrive as fast as they can be done, and nothing is
 * gained.
 */
const AT_ONCE = 4;

/**
 * Starts what a person waits for in the process that requested it, as soon as it is committed: a notice need not wait
 * until its job is announced, found and taken. The job follows in any case and does what is left: everything, if the
 * process died, was busy or failed.
 * @returns a function that ends this. Runs that have begun continue.
 */
export function runPromptly({ database, serial, carryOut, isAway, log }: PromptJobDependencies): () => void {
  let running = 0;
  const begin = (spec: JobSpec) => {
    const { name, queue } = spec;
    // A run of the same queue is in progress, and its job follows it.
    if (queue === undefined || serial.isBusy(queue) || running === AT_ONCE) return;
    running++;
    serial
      .run(queue, (inTurn) => carryOut(spec, inTurn))
      .catch((error: unknown) => {
        const away = isAway(error);
        log[away ? "debug" : "warn"](
          { task: name, away, err: error },
          "failed when started directly, and is retried as a job",
        );
      })
      .finally(() => {
        running--;
      });
  };
  database.committed.on(PROMPTLY, begin);
  return () => void database.committed.off(PROMPTLY, begin);
}
