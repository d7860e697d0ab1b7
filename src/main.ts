import express from "express";
import { type Logger, pino } from "pino";
import { answerErrors, createApi, unknownPath } from "./api/app.ts";
import { forgetOldIdempotencyKeys } from "./api/idempotency.ts";
import { close, listen } from "./api/listen.ts";
import { createMetrics } from "./api/metrics.ts";
import { apiRoutes } from "./api/routes.ts";
import { withAccount } from "./appservice/accounts.ts";
import { adoptionWait } from "./appservice/adoption-wait.ts";
import { ensureBot } from "./appservice/bot.ts";
import { connectHomeserver } from "./appservice/bridge.ts";
import { callbackRooms } from "./appservice/callback-rooms.ts";
import { policyCallbacks } from "./appservice/callbacks.ts";
import { afterRefusal, type CatchUpParts, greetHomeserver } from "./appservice/catch-up.ts";
import { findGaps, queueGapCheck, whenBack } from "./appservice/gaps.ts";
import { createGate, type GateOptions } from "./appservice/gate/gate.ts";
import { createClientApiProxy } from "./appservice/gate/proxy.ts";
import { SIGN_IN_PATH, signInPage } from "./appservice/gate/sign-in-page.ts";
import { uploaderIn } from "./appservice/gate/uploader.ts";
import { healthChecks } from "./appservice/health.ts";
import { HomeserverAway } from "./appservice/homeserver.ts";
import { closeOrphanRooms } from "./appservice/orphan-rooms.ts";
import { roomPins } from "./appservice/pins.ts";
import { reassertNotifications } from "./appservice/reassert.ts";
import { storeReceipts } from "./appservice/receipts.ts";
import { readRegistration } from "./appservice/registration.ts";
import { roomEvents } from "./appservice/room-events.ts";
import { roomAudit } from "./appservice/room-inspection.ts";
import { roomTags } from "./appservice/room-tags.ts";
import { policySettings } from "./appservice/settings.ts";
import { issueSignIn } from "./appservice/sign-in.ts";
import { matrixTasks } from "./appservice/tasks.ts";
import { intake } from "./appservice/transactions.ts";
import { arrivalEvents } from "./arrivals/events.ts";
import { toggleHistory } from "./arrivals/history.ts";
import { arrivalMetrics } from "./arrivals/metrics.ts";
import type { ArrivalParts } from "./arrivals/parts.ts";
import { arrivalSettings } from "./arrivals/settings.ts";
import { arrivalTimes } from "./arrivals/stale.ts";
import { arrivalTasks } from "./arrivals/tasks.ts";
import { queueRoomAudit, runRoomAudit } from "./audit/room-job.ts";
import type { Config } from "./config/schema.ts";
import { activityEvents } from "./conversations/activity-events.ts";
import { directoryChanged } from "./conversations/affected.ts";
import { alerts, expireAlert } from "./conversations/alerts.ts";
import { archiveQuiet } from "./conversations/archive.ts";
import { conversations } from "./conversations/conversations.ts";
import { customGroupEvents } from "./conversations/custom-group-events.ts";
import { editConversation } from "./conversations/edit.ts";
import { mediaEvents, mediaOf } from "./conversations/media.ts";
import { openConversation } from "./conversations/open.ts";
import { followTags } from "./conversations/tags.ts";
import { directorySnapshot } from "./directory/snapshot.ts";
import { startLastingJobs } from "./jobs/lasting.ts";
import { startJobs } from "./jobs/runner.ts";
import { clearReplacedJobs } from "./jobs/upkeep.ts";
import { commandsOf } from "./messages/commands/commands.ts";
import { commandEvents } from "./messages/commands/events.ts";
import type { RoomId, UserId } from "./policy/model.ts";
import { isDatabaseDown, openDatabase } from "./store/database.ts";
import type { JobPayloads } from "./store/jobs.ts";
import { migrate } from "./store/migrate.ts";
import { type Channel, listenToDatabase } from "./store/notifications.ts";
import { untilThere } from "./store/until-there.ts";

const CHANNELS: readonly Channel[] = ["whisper_directory", "whisper_room", "whisper_adopted"];

/** Runs Whisper until SIGTERM or SIGINT, or until something happens that only a restart can mend. */
export async function serve(config: Config): Promise<void> {
  const log = pino({ level: config.log.level, base: null, serializers: { err: describeError } });
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

/** Errors in the log: what they are and where, without the content that some libraries attach to them. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const cause = error.cause instanceof Error ? { cause: describeError(error.cause) } : {};
  return { type: error.name, message: error.message, stack: error.stack, ...code, ...cause };
}

/**
 * Builds every part and wires it. The API answers as soon as the database is there; what needs Synapse waits for it.
 * @returns what stops everything in good order.
 */
export async function startWhisper(
  config: Config,
  log: Logger,
  onFatal: (error: Error) => void,
): Promise<() => Promise<void>> {
  const databaseUrl = config.database.url.reveal();
  const { registration, hsToken } = readRegistration(config.appservice.registration);
  const database = openDatabase({
    url: databaseUrl,
    max: config.database.max_connections,
    onBroken: (error) => log.warn({ err: error }, "a database connection broke"),
  });
  const metrics = createMetrics(database);
  await untilThere("the database", () => migrate(database), log);

  const settings = policySettings(config);
  const directory = directorySnapshot(database);
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

  const notifications = await listenToDatabase(databaseUrl, CHANNELS, (error) =>
    log.warn({ err: error }, "lost the connection for notifications"),
  );
  const reload = () =>
    void directory
      .fresh()
      .catch((error: unknown) => log.warn({ err: error }, "could not reload the directory"));
  notifications.on("whisper_directory", reload);
  notifications.onGap(reload);
  await directory.fresh();

  const stopping = new AbortController();
  const catchUp: CatchUpParts = {
    database,
    homeserver,
    appserviceId: registration.getId() ?? "",
    log,
    signal: stopping.signal,
  };
  const app = express().disable("x-powered-by").disable("etag");
  app.use(
    "/_matrix/app/v1",
    intake({
      database,
      hsToken,
      onEphemeral: (events) => storeReceipts(database, events),
      knowsUser: async (userId) => (await withAccount(database, [userId as UserId])).size > 0,
      onStored: metrics.stored,
      onRefused: afterRefusal(catchUp),
    }),
  );
  app.use(
    "/policy",
    policyCallbacks({
      token: config.policy.token.reveal(),
      directory,
      settings,
      rooms: callbackRooms(database, notifications),
      adopt: adoptionWait(database, notifications),
      log,
      onDecided: metrics.decided,
    }),
  );
  let working = false;
  const conversationParts = {
    database,
    directory,
    settings,
    news: notifications,
    archiveAfter: config.conversations.archive_after,
  };
  const arrivalParts: ArrivalParts = {
    directory,
    policy: settings,
    settings: arrivalSettings(config),
    ...arrivalMetrics(metrics.registry, database),
  };
  const audit = roomAudit({ database, homeserver, directory, settings });
  const commands = commandsOf({
    open: (tx, request) => openConversation(conversationParts, tx, request),
    edit: (tx, id, request) => editConversation(conversationParts, tx, id, request),
    changes: { changed: directoryChanged },
    toggleArrivals: (tx, username) => toggleHistory(tx, arrivalParts, username, null),
    startAudit: (tx, { event, repair }) => queueRoomAudit(tx, { ref: event, repair, always: true }),
  });
  const signInParts = { database, homeserver, directory, settings, template: signInTemplate(config) };
  const gateOptions: GateOptions = {
    synapseUrl: config.homeserver.url,
    media: mediaOf(database),
    uploaderOf: uploaderIn(homeserver),
    log,
    behindProxy: config.gate.listen === undefined,
  };
  const gates = [createGate(gateOptions)];
  app.use(gates.map((gate) => gate.router));
  app.get(
    SIGN_IN_PATH,
    signInPage({
      homeserverUrl: config.homeserver.public_url,
      clientPath: "/",
      practiceName: config.practice.name,
    }),
  );
  app.use(
    createApi({
      database,
      log,
      publicUrl: config.public_url,
      routes: apiRoutes({
        database,
        naming: settings,
        changes: { changed: directoryChanged },
        signIn: { issue: (username) => issueSignIn(signInParts, username) },
        conversations: conversations(conversationParts),
        alerts,
        audit,
        bookings: arrivalParts,
        patientUrl: config.patients.url,
        checks: healthChecks(database, homeserver, () => working),
        metrics: metrics.registry,
        ...(config.metrics.token && { metricsToken: config.metrics.token.reveal() }),
      }),
    }),
  );
  app.use(unknownPath);
  app.use(answerErrors(log));
  const api = await listen(app, config.listen);
  const closing = [() => close(api)];
  if (config.gate.listen) {
    const clientApi = createClientApiProxy(gateOptions);
    gates.push(clientApi);
    const server = await listen(express().disable("x-powered-by").use(clientApi.router), config.gate.listen);
    // Clients hold long polls open and come back by themselves.
    closing.push(() => close(server, 250));
  }
  const handlers = [
    // First: it compares with what was known before the event, and takes its lock before jobs are queued.
    customGroupEvents(conversationParts),
    roomEvents(settings.bot),
    activityEvents(settings.bot),
    mediaEvents,
    arrivalEvents(arrivalParts),
    commandEvents({ directory, settings, commands }),
  ];
  const matrixParts = { database, homeserver, directory, settings, handlers, log };
  const tasks = {
    ...matrixTasks(matrixParts),
    ...arrivalTasks(arrivalParts, database, roomPins(homeserver)),
    alert_expiry: ({ alert_id }: JobPayloads["alert_expiry"]) => expireAlert(database, alert_id),
    gaps: async ({ rooms }: JobPayloads["gaps"]) =>
      void (await findGaps({ ...audit, homeserver, log }, rooms)),
    room_audit: (asked: JobPayloads["room_audit"]) => runRoomAudit(audit, asked),
    tags: ({ room_id }: JobPayloads["tags"]) => followTags(database, roomTags(homeserver), room_id as RoomId),
  };
  const jobs = untilThere("Synapse", () => ensureBot(homeserver, settings.bot), log, stopping.signal).then(
    () => {
      working = true;
      void greetHomeserver(catchUp);
      lookForGaps();
      const start = (onLost: (error: Error) => void) =>
        startJobs({
          database,
          databaseUrl,
          tasks,
          timed: [
            { name: "upkeep_jobs", cron: "*/10 * * * *", run: () => clearReplacedJobs(database) },
            { name: "upkeep_keys", cron: "7 * * * *", run: () => forgetOldIdempotencyKeys(database) },
            { name: "notifications", cron: "23 * * * *", run: () => reassertNotifications(matrixParts) },
            {
              name: "visibility",
              cron: "11 * * * *",
              run: async () => void (await archiveQuiet(database, conversationParts)),
            },
            { name: "gaps_nightly", cron: "31 16 * * *", run: () => queueGapCheck(database, "all") },
            {
              name: "orphan_rooms",
              cron: "*/20 * * * *",
              run: async () => void (await closeOrphanRooms(database, settings)),
            },
            {
              name: "room_audit_nightly",
              cron: "41 16 * * *",
              run: () =>
                queueRoomAudit(database, { ref: new Date().toISOString(), repair: true, always: false }),
            },
            ...arrivalTimes(arrivalParts, database),
          ],
          log,
          isAway: (error) => error instanceof HomeserverAway || isDatabaseDown(error),
          onFatal: onLost,
        });
      return startLastingJobs(start, log, stopping.signal);
    },
  );
  jobs.catch((error: unknown) => {
    if (!stopping.signal.aborted) onFatal(error instanceof Error ? error : new Error(String(error)));
  });
  return async () => {
    stopping.abort();
    await Promise.all(closing.map((end) => end()));
    for (const gate of gates) gate.close();
    await (await jobs.catch(() => undefined))?.stop();
    await notifications.close();
    await homeserver.close();
    await database.close();
  };
}

/** The practice's client, or the page of Whisper's own that leads to it; the token follows `#`, which no server logs. */
const signInTemplate = (config: Config): string =>
  config.client.url ?? `${config.public_url}${SIGN_IN_PATH}#{login_token}`;
