import type { Logger } from "pino";
import { untilThere } from "../../base/until-there.ts";
import type { Database } from "../../store/database.ts";
import type { Homeserver } from "../homeserver/homeserver.ts";
import { homeserverProblems, pingBack } from "../homeserver/homeserver-check.ts";
import { queueGapCheck } from "./gaps.ts";

export interface CatchUpDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly appserviceId: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Logs what is wrong with Synapse's settings, and makes Synapse send what it held back. Never throws. */
export async function greetHomeserver({ homeserver, appserviceId, log }: CatchUpDependencies): Promise<void> {
  try {
    for (const problem of await homeserverProblems(homeserver)) log.warn(`Synapse's setting ${problem}`);
    await pingBack(homeserver, appserviceId);
  } catch (error) {
    log.warn(
      { err: error },
      "Synapse did not reach Whisper at the address in the registration; check `url` there",
    );
  }
}

/**
 * What to call when a transaction could not be stored: once the database is back, Synapse is asked to send immediately.
 * By itself it waits longer after each refusal, up to nine minutes. It did not keep receipts meanwhile.
 */
export function afterRefusal(dependencies: CatchUpDependencies): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    untilThere(
      "the database",
      () => dependencies.database.query("SELECT 1"),
      dependencies.log,
      dependencies.signal,
    )
      .then(() => pingBack(dependencies.homeserver, dependencies.appserviceId))
      .then(() => queueGapCheck(dependencies.database, "recent"))
      .catch((error: unknown) => {
        if (!dependencies.signal.aborted)
          dependencies.log.warn({ err: error }, "could not ask Synapse to send again");
      })
      .finally(() => {
        waiting = false;
      });
  };
}
