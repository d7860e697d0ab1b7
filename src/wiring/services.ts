import type { Logger } from "pino";
import { createMetrics, type Metrics } from "../api/metrics.ts";
import { connectHomeserver } from "../appservice/homeserver/bridge.ts";
import type { HomeserverConnection } from "../appservice/homeserver/homeserver.ts";
import { readRegistration } from "../appservice/homeserver/registration.ts";
import type { CatchUpDependencies } from "../appservice/intake/catch-up.ts";
import { queueGapCheck, whenBack } from "../appservice/intake/gaps.ts";
import { roomAudit } from "../appservice/rooms/room-inspection.ts";
import type { ArrivalEventDependencies } from "../arrivals/events.ts";
import { arrivalMetrics } from "../arrivals/record/metrics.ts";
import { arrivalSettings } from "../arrivals/settings.ts";
import { untilThere } from "../base/until-there.ts";
import type { Config } from "../config/schema.ts";
import type { ListDependencies } from "../conversations/record/dependencies.ts";
import { type DirectorySnapshot, directorySnapshot } from "../directory/snapshot.ts";
import type { PracticeSettings } from "../policy/model.ts";
import { acceptKeys, readKeyFile } from "../record/key-file.ts";
import type { RecordKeys } from "../record/record-keys.ts";
import { type Recorder, recorder } from "../record/recorder.ts";
import type { SmsDependencies } from "../sms/dependencies.ts";
import { smsMetrics } from "../sms/record/metrics.ts";
import { smsProvider, smsSettings } from "../sms/settings.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrateUnlessRefused } from "../store/migrate.ts";
import { type Channel, listenToDatabase, type Notifications } from "../store/notifications.ts";
import { requireOwnSessions, SharedSessions } from "../store/own-sessions.ts";
import { practiceSettings } from "./practice-settings.ts";

const CHANNELS: readonly Channel[] = [
  "whisper_directory",
  "whisper_room",
  "whisper_looked_at",
  "whisper_adopted",
  "whisper_signal",
  "whisper_observed",
  "whisper_api_key",
];

/** How often (milliseconds) the connection for notifications is checked. */
const BEAT = 10_000;

/** What everything is built from, made once per process. */
export interface Services {
  readonly config: Config;
  readonly log: Logger;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly hsToken: string;
  readonly metrics: Metrics;
  readonly settings: PracticeSettings;
  readonly directory: DirectorySnapshot;
  readonly recordKeys: RecordKeys;
  /** Where features write what happened. */
  readonly record: Recorder;
  readonly homeserver: HomeserverConnection;
  readonly notifications: Notifications;
  readonly conversationDependencies: ListDependencies;
  readonly arrivalDependencies: ArrivalEventDependencies;
  readonly smsDependencies: SmsDependencies;
  readonly audit: ReturnType<typeof roomAudit>;
  readonly catchUp: CatchUpDependencies;
  /** Queues a search for events that Synapse never sent. */
  readonly lookForGaps: () => void;
  close(): Promise<void>;
}

/** Builds the services. Waits for the database; the homeserver may come later. */
export async function buildServices(config: Config, log: Logger, signal: AbortSignal): Promise<Services> {
  const databaseUrl = config.database.url.reveal();
  const { registration, hsToken } = readRegistration(config.appservice.registration);
  const recordKeys = readKeyFile(config.audit.keys);
  const database = openDatabase({
    url: databaseUrl,
    max: config.database.max_connections,
    onBroken: (error) => log.warn({ err: error }, "a database connection broke"),
  });
  const metrics = createMetrics(database);
  smsMetrics(metrics.registry, database);
  const refusal =
    (await untilThere("the database", () => sharedSessions(databaseUrl), log)) ??
    (await untilThere("the database", () => migrateUnlessRefused(database), log)) ??
    (await untilThere("the database", () => acceptKeys(database, config.audit.keys, recordKeys), log));
  if (refusal !== null) {
    await database.close();
    throw refusal;
  }

  const record = recorder(recordKeys);
  const settings = practiceSettings(config);
  const directory = directorySnapshot(database, config.arrivals.alert_roles);
  const lookForGaps = () =>
    void queueGapCheck(database, "recent").catch((error: unknown) =>
      log.warn({ err: error }, "could not ask for missing events to be looked for"),
    );
  const watch = whenBack(lookForGaps);
  const homeserver = await connectHomeserver({
    homeserverUrl: config.homeserver.url,
    serverName: config.homeserver.server_name,
    registration,
    onCall: (call, outcome, seconds) => {
      metrics.homeserverCall(call, outcome, seconds);
      watch(outcome);
    },
  });
  const lost = (error: unknown) => log.warn({ err: error }, "lost the connection for notifications");
  const notifications = await listenToDatabase(databaseUrl, CHANNELS, lost, BEAT);
  const stopReloading = await keepLoaded(directory, notifications, log);
  return {
    config,
    log,
    database,
    databaseUrl,
    hsToken,
    metrics,
    settings,
    directory,
    recordKeys,
    record,
    homeserver,
    notifications,
    conversationDependencies: {
      directory,
      settings,
      archiveAfter: config.conversations.archive_after,
      now: () => new Date(),
    },
    arrivalDependencies: {
      directory,
      settings,
      arrivalSettings: arrivalSettings(config),
      record,
      now: () => new Date(),
      ...arrivalMetrics(metrics.registry, database),
    },
    smsDependencies: {
      directory,
      settings,
      smsSettings: smsSettings(config),
      provider: smsProvider(config, log),
      now: () => new Date(),
    },
    audit: roomAudit({ database, homeserver, directory, settings }),
    catchUp: { database, homeserver, appserviceId: registration.getId() ?? "", log, signal },
    lookForGaps,
    close: async () => {
      stopReloading();
      await notifications.close();
      await homeserver.close();
      await database.close();
    },
  };
}

/** Why the database cannot be used through what is in front of it; null: it can. */
const sharedSessions = (url: string): Promise<SharedSessions | null> =>
  requireOwnSessions(url).then(
    () => null,
    (error: unknown) => {
      if (error instanceof SharedSessions) return error;
      throw error;
    },
  );

/** How old (milliseconds) the directory in memory may become if its changes go unheard: a reload can fail. */
const RELOAD = 15_000;

/** Keeps the directory in memory current with changes by any process. @returns a function that ends this. */
async function keepLoaded(
  directory: DirectorySnapshot,
  notifications: Notifications,
  log: Logger,
): Promise<() => void> {
  const reload = () =>
    void directory
      .fresh()
      .catch((error: unknown) => log.warn({ err: error }, "could not reload the directory"));
  notifications.on("whisper_directory", reload);
  notifications.onGap(reload);
  await directory.fresh();
  const timer = setInterval(reload, RELOAD).unref();
  return () => clearInterval(timer);
}
