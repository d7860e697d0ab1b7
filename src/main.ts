import { type Logger, pino } from "pino";
import { ensureBot } from "./appservice/homeserver/bot.ts";
import { greetHomeserver } from "./appservice/intake/catch-up.ts";
import {
  alertRoleProblems,
  escalationProblems,
  receptionProblems,
} from "./arrivals/rules/escalation-check.ts";
import { untilThere } from "./base/until-there.ts";
import type { Config } from "./config/schema.ts";
import { startLastingJobs } from "./jobs/lasting.ts";
import { anchorFile } from "./record/anchor.ts";
import { startSealer } from "./record/sealer.ts";
import { describeError } from "./wiring/describe-error.ts";
import { openDoors, serveHttp } from "./wiring/http.ts";
import { buildServices, type Services } from "./wiring/services.ts";
import { STANDSTILL, watchEventLoop } from "./wiring/watchdog.ts";
import { startWork } from "./wiring/work.ts";

/** Runs Whisper until SIGTERM or SIGINT, or until something happens that only a restart can fix. */
export async function serve(config: Config): Promise<void> {
  const log = pino({ level: config.log.level, base: null, serializers: { err: describeError } });
  watchEventLoop(log, STANDSTILL);
  const stop = await startWhisper(config, log, (error) => {
    log.fatal({ err: error }, "Whisper cannot go on and ends; start it again");
    process.exit(1);
  });
  log.info({ listen: config.listen }, "Whisper runs");
  const end = () => {
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not stop in good order");
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
}

/**
 * Builds, wires and starts every part. Until the database is there, all requests are told to retry; after that the API
 * answers, and whatever needs Synapse waits for it.
 * @returns what stops everything in order.
 */
async function startWhisper(
  config: Config,
  log: Logger,
  onFatal: (error: Error) => void,
): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const doors = await openDoors(config);
  const services = await buildServices(config, log, signal);
  warnOfEscalation(services);
  const stopSealing = startSealer({
    database: services.database,
    key: services.recordKeys.newest,
    anchor: config.audit.anchor === undefined ? null : anchorFile(config.audit.anchor, log),
    log,
  });
  let working = false;
  const stopServing = serveHttp(services, doors, () => working);
  const jobs = untilThere(
    "Synapse",
    () => ensureBot(services.homeserver, services.settings.bot),
    log,
    signal,
  ).then(() => {
    working = true;
    void greetHomeserver(services.catchUp);
    services.lookForGaps();
    return startLastingJobs((onLost) => startWork(services, onLost), log, signal);
  });
  jobs.catch((error: unknown) => {
    if (!signal.aborted) onFatal(error instanceof Error ? error : new Error(String(error)));
  });
  return async () => {
    stopping.abort();
    await stopServing();
    // Aborted before Synapse was there: there are no jobs to stop.
    await (await jobs.catch(() => undefined))?.stop();
    await stopSealing();
    await services.close();
  };
}

/** The escalation rules name people whom HealthTrack may have renamed or removed since. */
function warnOfEscalation({ config, directory, log }: Services): void {
  const latest = directory.latest();
  const known = latest.users.size === 0 ? null : latest;
  for (const problem of escalationProblems(config.arrivals.escalation, known)) {
    log.warn(`when nobody answers an arrival, a step tells nobody: ${problem}`);
  }
  for (const problem of receptionProblems(config.arrivals.reception, known)) {
    log.warn(`an arrival without a doctor would reach no reception: ${problem}`);
  }
  for (const problem of alertRoleProblems(config.arrivals.alert_roles, known)) {
    log.warn(`a role that may follow more arrivals is nobody's: ${problem}`);
  }
}
