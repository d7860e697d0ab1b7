import express, { type Express } from "express";
import { answerErrors, createApi, unknownPath } from "../api/app.ts";
import { keyRing, REMEMBER_MS } from "../api/kernel/key-ring.ts";
import { RATE_LIMIT } from "../api/kernel/rate-limit.ts";
import { securityHeaders } from "../api/kernel/security-headers.ts";
import { type ApiDependencies, apiRoutes } from "../api/routes.ts";
import { letInFirst } from "../appservice/access/let-in.ts";
import { issueSignIn } from "../appservice/access/sign-in.ts";
import { muteInvitations, withAccount } from "../appservice/accounts/accounts.ts";
import { hearAllKinds } from "../appservice/accounts/kinds-heard.ts";
import { callbackRooms } from "../appservice/callbacks/callback-rooms.ts";
import { type PolicyCallbackDependencies, policyCallbacks } from "../appservice/callbacks/callbacks.ts";
import { entrance } from "../appservice/gate/door/entrance.ts";
import { LOOKS } from "../appservice/gate/door/media.ts";
import { newConversations } from "../appservice/gate/door/new-conversation.ts";
import { removals } from "../appservice/gate/door/removal.ts";
import { createGate, type Gate, type GateOptions } from "../appservice/gate/gate.ts";
import { HOME_PATH, homePage } from "../appservice/gate/home-page.ts";
import { noClientPage } from "../appservice/gate/no-client-page.ts";
import { KEEP_MEMBERSHIP } from "../appservice/gate/passage/caller.ts";
import { createClientApiProxy } from "../appservice/gate/proxy.ts";
import { SIGN_IN_PATH, signInPage } from "../appservice/gate/sign-in-page.ts";
import { administratorIn, uploaderIn } from "../appservice/gate/uploader.ts";
import { healthChecks } from "../appservice/homeserver/health.ts";
import { readAs } from "../appservice/homeserver/read-as.ts";
import { userOfTokenAt } from "../appservice/homeserver/token-user.ts";
import { upstream } from "../appservice/homeserver/upstream.ts";
import { afterRefusal } from "../appservice/intake/catch-up.ts";
import { type ReceiptQueue, receiptQueue } from "../appservice/intake/receipt-queue.ts";
import { intake } from "../appservice/intake/transactions.ts";
import { adoptionWait } from "../appservice/rooms/adoption-wait.ts";
import { invitationRefused } from "../appservice/rooms/orphan-rooms.ts";
import { recordSignIn } from "../audit/events/record-sign-in.ts";
import { liveObservations } from "../audit/observe/live.ts";
import type { Config } from "../config/schema.ts";
import { markUnread } from "../conversations/list/views.ts";
import { mediaOf } from "../conversations/media.ts";
import { directChatsSet } from "../conversations/record/direct-chats.ts";
import { storeReceipts } from "../messages/receipts.ts";
import { isPresentState } from "../mirror/mirror.ts";
import type { UserId, Username } from "../policy/model.ts";
import { usernameOf } from "../policy/names/names.ts";
import { verifyRecord } from "../record/verify.ts";
import { signalStreams } from "../signals/streams.ts";
import { providerReports } from "../sms/reports.ts";
import { directoryChanges } from "./directory-changes.ts";
import { type FrontDoor, frontDoor } from "./front-door.ts";
import type { Services } from "./services.ts";

/** How many access tokens Synapse is asked about at once. */
const MOST_TOKENS_ASKED = 8;

/** Where Whisper listens. */
export interface Doors {
  /** For HealthTrack, Synapse and operators. */
  readonly main: FrontDoor;
  /** For clients, if there is no nginx in front of Whisper. */
  readonly clients: FrontDoor | null;
}

/** Listens before there is anything to answer with. @throws if an address is in use. */
export async function openDoors({ listen, gate }: Config): Promise<Doors> {
  return { main: await frontDoor(listen), clients: gate.listen ? await frontDoor(gate.listen) : null };
}

async function closeDoors({ main, clients }: Doors): Promise<void> {
  // Clients hold long polls open and reconnect by themselves.
  await Promise.all([main.close(5_000), clients?.close(250)]);
}

/**
 * Serves everything over HTTP: Synapse's transactions and policy callbacks, the read gate, the API.
 * @param working whether Synapse was there and jobs are running.
 * @returns a function that stops serving.
 */
export function serveHttp(services: Services, doors: Doors, working: () => boolean): () => Promise<void> {
  const { config, database, directory, log, notifications, settings } = services;
  const rooms = callbackRooms(database, services.homeserver, notifications);
  const adopt = adoptionWait(database, notifications);
  const gateOptions: GateOptions = {
    synapseUrl: config.homeserver.url,
    media: mediaOf(services.database),
    uploaderOf: uploaderIn(services.homeserver),
    isAdministrator: administratorIn(services.homeserver, settings),
    bot: settings.bot,
    entrance: entrance({
      directory,
      settings,
      rooms,
      adopt,
      newConversation: newConversations({ ...services.conversationDependencies, database, notifications }),
      remove: removals({ ...services.conversationDependencies, database, notifications }, rooms),
    }),
    accountData: {
      markUnread: (user, room, unread) => markUnread(database, user, room, unread),
      setDirectChats: (user, rooms) => directChatsSet(database, user, rooms),
    },
    log,
    behindProxy: config.gate.listen === undefined,
    looks: LOOKS,
    keepMembership: KEEP_MEMBERSHIP,
  };
  const signals = signalStreams(services);
  const observe = {
    ...services.conversationDependencies,
    database,
    reader: readAs(services.homeserver),
    record: services.record,
    notify: config.audit.observe.notify as Username[],
  };
  const live = liveObservations({ ...observe, notifications, log });
  const synapse = upstream(config.homeserver.url, MOST_TOKENS_ASKED);
  const gates: Gate[] = [createGate(gateOptions)];
  const app = bareApp();
  const receipts = forSynapse(app, services, { rooms, adopt });
  // Before anything that reads bodies: gated requests pass on unchanged.
  app.use(gates.map((gate) => gate.router));
  app.get(
    SIGN_IN_PATH,
    signInPage({
      homeserverUrl: config.homeserver.public_url,
      clientPath: "/",
      practiceName: config.practice.name,
    }),
  );
  app.get(
    "/",
    noClientPage({ homeserverUrl: config.homeserver.public_url, practiceName: config.practice.name }),
  );
  const { provider } = services.smsDependencies;
  const webhooks = provider.webhooks?.(providerReports({ ...services.smsDependencies, database }));
  if (webhooks !== undefined) app.use(`/webhooks/${provider.name}`, securityHeaders, webhooks);
  app.get(HOME_PATH, homePage({ practiceName: config.practice.name }));
  app.use(
    createApi({
      database: services.database,
      keys: keyRing(services.database, { news: services.notifications, rememberMs: REMEMBER_MS }),
      log,
      routes: routesOf(services, working, {
        signals,
        observe: { ...observe, live },
        userOfToken: userOfTokenAt(synapse),
      }),
      publicUrl: config.public_url,
      rateLimit: RATE_LIMIT,
      checkReplies: false,
    }),
  );
  app.use(unknownPath);
  app.use(answerErrors(log));

  doors.main.open(app);
  if (doors.clients) {
    const clientApi = createClientApiProxy(gateOptions);
    gates.push(clientApi);
    doors.clients.open(bareApp().use(clientApi.router));
  }
  return async () => {
    signals.close();
    live.close();
    synapse.close();
    await closeDoors(doors);
    await receipts.idle();
    for (const gate of gates) gate.close();
  };
}

const bareApp = (): Express => express().disable("x-powered-by").disable("etag");

/**
 * What Synapse calls: the application service's transactions and the antispam module's callbacks.
 * @returns the receipts that wait to be stored.
 */
function forSynapse(
  app: Express,
  services: Services,
  about: Pick<PolicyCallbackDependencies, "rooms" | "adopt">,
): ReceiptQueue {
  const { config, database, directory, log, metrics, settings } = services;
  const catchUp = afterRefusal(services.catchUp);
  const receipts = receiptQueue(
    (events) => storeReceipts(database, events),
    (error) => {
      log.warn({ err: error }, "receipts could not be stored; Synapse is asked for them again");
      catchUp();
    },
  );
  app.use(
    "/_matrix/app/v1",
    intake({
      database,
      hsToken: services.hsToken,
      receipts,
      knowsUser: async (userId) => (await withAccount(database, [userId as UserId])).size > 0,
      onStored: metrics.stored,
      onRefused: catchUp,
    }),
  );
  app.use(
    "/policy",
    policyCallbacks({
      token: config.policy.token.reveal(),
      directory,
      settings,
      ...about,
      isPresentState: (room, user, event) => isPresentState(database, room, user, event),
      onSignIn({ user_id: user, ...from }) {
        recordSignIn(database, services.record, user, from).catch((error: unknown) =>
          log.error({ err: error }, "a sign-in could not be recorded"),
        );
        const username = usernameOf(settings, user, directory.latest());
        if (username === null) return;
        letInFirst(database, username).catch((error: unknown) =>
          log.warn({ err: error }, "could not let someone into their rooms first"),
        );
        // Not when the account is made: nobody is notified before they sign in, and a first import saves a call a person.
        const { homeserver } = services;
        muteInvitations(homeserver, user)
          .then(() => hearAllKinds(homeserver, user))
          .catch((error: unknown) =>
            log.warn({ err: error }, "someone's notifications may be wrong until the hourly check"),
          );
      },
      onInvitationRefused(room) {
        invitationRefused(database, room).catch((error: unknown) =>
          log.warn({ err: error }, "a room whose invitations were refused could not be looked after"),
        );
      },
      log,
      onDecided: metrics.decided,
    }),
  );
  return receipts;
}

function routesOf(
  services: Services,
  working: () => boolean,
  parts: Pick<ApiDependencies, "signals" | "observe" | "userOfToken">,
) {
  const { config, database, homeserver, directory, settings, metrics } = services;
  const signInDependencies = { database, homeserver, directory, settings, template: signInTemplate(config) };
  return apiRoutes({
    database,
    settings,
    changes: directoryChanges(services.record),
    alertRoles: config.arrivals.alert_roles,
    issueSignIn: (username) => issueSignIn(signInDependencies, username),
    conversations: services.conversationDependencies,
    news: services.notifications,
    ...parts,
    bookings: services.arrivalDependencies,
    sms: services.smsDependencies,
    patientUrl: config.patients.url,
    directory,
    record: services.record,
    verifyRecord: oneAtATime(() => verifyRecord(database, services.recordKeys, config.audit.anchor)),
    checks: healthChecks(database, homeserver, working),
    metrics: metrics.registry,
    ...(config.metrics.token && { metricsToken: config.metrics.token.reveal() }),
  });
}

/** The practice's client, or Whisper's own page that leads to it; the token follows `#`, which no server logs. */
const signInTemplate = (config: Config): string =>
  config.client.url ?? `${config.public_url}${SIGN_IN_PATH}#{login_token}&{expires}`;

/** Whoever asks while an answer is on its way gets that one. */
function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
