/** The API on a real database over HTTP, with stand-ins for what other parts of Whisper implement. */
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import pino, { type Logger } from "pino";
import { Registry } from "prom-client";
import { type ApiOptions, createApi, unknownPath } from "../../../src/api/app.ts";
import { keyRing } from "../../../src/api/kernel/key-ring.ts";
import { createApiKey } from "../../../src/api/kernel/keys.ts";
import { RATE_LIMIT } from "../../../src/api/kernel/rate-limit.ts";
import type { Route } from "../../../src/api/kernel/route.ts";
import type { Scope } from "../../../src/api/kernel/scopes.ts";
import { apiRoutes } from "../../../src/api/routes.ts";
import type { ArrivalSettings } from "../../../src/arrivals/dependencies.ts";
import { liveObservations } from "../../../src/audit/observe/live.ts";
import type { DirectoryChange } from "../../../src/directory/directory-change.ts";
import type { IssueSignIn } from "../../../src/directory/sign-in.ts";
import { directorySnapshot } from "../../../src/directory/snapshot.ts";
import type { PracticeSettings, UserId } from "../../../src/policy/model.ts";
import type { AlertRoles } from "../../../src/policy/people/alert-roles.ts";
import { actingAs } from "../../../src/record/acting.ts";
import type { Actor } from "../../../src/record/entry.ts";
import { verifyRecord } from "../../../src/record/verify.ts";
import { signalStreams } from "../../../src/signals/streams.ts";
import type { SmsDependencies } from "../../../src/sms/dependencies.ts";
import { logProvider } from "../../../src/sms/provider/log.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../database/postgres.ts";
import { RECORD, RECORD_KEYS } from "../practice/record-keys.ts";
import { SMS_SETTINGS } from "../sms/sms-settings.ts";
import { NO_NEWS } from "./no-news.ts";

export const SETTINGS: PracticeSettings = {
  serverName: "practice.example",
  userPrefix: "ht_",
  bot: "@whisper:practice.example" as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire, looked at field by field by the test.
  readonly body: any;
  readonly text: string;
}

export interface TestApi {
  readonly database: Database;
  readonly url: string;
  readonly key: string;
  /** The changes that DirectoryChanges received since the last `changes.splice(0)`. */
  readonly changes: DirectoryChange[];
  /** The log, line by line. */
  readonly lines: string[];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A request exactly as written. fetch would tidy it up. */
  raw(options: {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string | Buffer;
  }): Promise<Answer>;
  newKey(scopes: readonly Scope[] | "all"): Promise<string>;
  close(): Promise<void>;
}

export interface TestApiOptions extends Partial<Omit<ApiOptions, "database" | "log">> {
  readonly extraRoutes?: readonly Route[];
  readonly database?: Database;
  readonly issueSignIn?: IssueSignIn;
  /** The time at which bookings come. Default: the current time. */
  readonly now?: Date;
  readonly alertRoles?: AlertRoles;
  readonly sms?: SmsDependencies;
}

let names = 0;

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const database = options.database ?? (await testDatabase());
  const changes: DirectoryChange[] = [];
  const lines: string[] = [];
  const log: Logger = pino({ level: "debug" }, { write: (line) => lines.push(line) });
  const routes = [...productRoutes(database, changes, options), ...(options.extraRoutes ?? [])];
  const app = createApi({
    keys: keyRing(database, { news: NO_NEWS, rememberMs: 200 }),
    rateLimit: RATE_LIMIT,
    publicUrl: "/",
    checkReplies: true,
    ...options,
    database,
    routes,
    log,
  });
  app.use(unknownPath);
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const newKey = async (scopes: readonly Scope[] | "all") =>
    (await createApiKey(database, { name: `test ${process.pid} ${++names}`, scopes })).key;
  const key = await newKey("all");
  return {
    database,
    url,
    key,
    changes,
    lines,
    newKey,
    async call(method, path, body, headers = {}) {
      const enough = new AbortController();
      const response = await fetch(url + path, {
        method,
        signal: enough.signal,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.headers.get("content-type")?.startsWith("text/event-stream"))
        return answerOf(response.status, response.headers, await response.text());
      // It never ends.
      enough.abort();
      return answerOf(response.status, response.headers, "");
    },
    raw: ({ method, path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const sent = httpRequest(
          {
            host: "127.0.0.1",
            port: address.port,
            method,
            path,
            headers: { authorization: `Bearer ${key}`, ...headers },
          },
          async (response) => {
            const pieces: Buffer[] = [];
            const isEndless = response.headers["content-type"]?.startsWith("text/event-stream");
            if (isEndless) response.destroy();
            else for await (const piece of response) pieces.push(piece);
            const all = new Headers();
            for (const [name, value] of Object.entries(response.headers)) all.set(name, String(value));
            resolve(answerOf(response.statusCode ?? 0, all, Buffer.concat(pieces).toString("utf8")));
          },
        );
        sent.on("error", reject);
        sent.end(body);
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      if (!options.database) await database.close();
    },
  };
}

/** Every product route that is served so far, on stand-ins. */
export function productRoutes(
  database: Database,
  changes: DirectoryChange[] = [],
  {
    issueSignIn = SIGN_IN,
    now,
    alertRoles = {},
    sms,
  }: Pick<TestApiOptions, "issueSignIn" | "now" | "alertRoles" | "sms"> = {},
): Route[] {
  const directory = {
    settings: SETTINGS,
    changes: (actor: Actor) => ({
      record: actingAs(RECORD, actor),
      changed: async (_tx: unknown, change: DirectoryChange) => {
        changes.push(change);
      },
      problems: async () => undefined,
    }),
  };
  const conversations = {
    directory: directorySnapshot(database),
    settings: SETTINGS,
    archiveAfter: 3 * 86_400_000,
    now: () => new Date(),
  };
  const log = pino({ level: "silent" });
  const nothing = () => Promise.resolve(null);
  const observe = {
    ...conversations,
    database,
    reader: { page: nothing, event: nothing },
    record: RECORD,
    notify: [],
  };
  return apiRoutes({
    ...directory,
    alertRoles,
    database,
    issueSignIn,
    conversations,
    observe: { ...observe, live: liveObservations({ ...observe, notifications: NO_NEWS, log }) },
    news: NO_NEWS,
    signals: signalStreams({
      database,
      directory: directorySnapshot(database),
      settings: SETTINGS,
      notifications: NO_NEWS,
      log,
    }),
    bookings: {
      directory: directorySnapshot(database, alertRoles),
      arrivalSettings: ARRIVALS,
      record: RECORD,
      now: () => now ?? new Date(),
    },
    sms: sms ?? {
      directory: directorySnapshot(database),
      settings: SETTINGS,
      smsSettings: SMS_SETTINGS,
      provider: logProvider,
      now: () => now ?? new Date(),
    },
    record: RECORD,
    verifyRecord: () => verifyRecord(database, RECORD_KEYS),
    patientUrl: "https://healthtrack.example/patients/{patient_id}",
    directory: directorySnapshot(database),
    userOfToken: async (authorization) =>
      authorization.startsWith("Bearer token of ")
        ? (`@ht_${authorization.slice("Bearer token of ".length)}:${SETTINGS.serverName}` as UserId)
        : null,
    checks: { database: async () => ({ ok: true }) },
    metrics: new Registry(),
  });
}

const SIGN_IN: IssueSignIn = async (username) => ({
  login_token: `token of ${username}`,
  url: "https://client.example/",
  expires_in: 120,
});

const ARRIVALS: ArrivalSettings = {
  show: "initials",
  zone: { timezone: "Australia/Sydney" },
  publicUrl: "https://whisper.practice.example",
  quickReplies: [],
  escalation: [],
  reception: [],
  kiosks: [],
  staleAfter: 12 * 3_600_000,
};

function answerOf(status: number, headers: Headers, text: string): Answer {
  return {
    status,
    headers,
    text,
    body: text !== "" && /json/.test(headers.get("content-type") ?? "") ? JSON.parse(text) : undefined,
  };
}
