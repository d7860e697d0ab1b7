/**
 * A real Synapse and a real PostgreSQL with as little of Whisper between them as the gate needs: the mirror and the
 * table of files, filled from Synapse's own transactions. The gate's tests start what they test on top of it.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import type { RunningProcess } from "../../../dev/base/processes.ts";
import { freePort } from "../../../dev/stack/ports.ts";
import { configureSynapse, startSynapse, toYaml } from "../../../dev/synapse/synapse.ts";
import { makeBotAdministrator } from "../../../dev/synapse/synapse-admin.ts";
import { synapsePython } from "../../../dev/synapse/venv.ts";
import { type Homeserver, MatrixRefused } from "../../../src/appservice/homeserver/homeserver.ts";
import { registrationOf } from "../../../src/appservice/homeserver/registration.ts";
import { rememberMedia } from "../../../src/conversations/media.ts";
import { parseEvent } from "../../../src/messages/event.ts";
import { mirrorEvent, mirrorForgotten } from "../../../src/mirror/mirror.ts";
import type { PracticeSettings, RoomId, UserId } from "../../../src/policy/model.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../database/postgres.ts";
import { Caller } from "./caller.ts";

export const SERVER_NAME = "localhost";
export const OWN: PracticeSettings = {
  serverName: SERVER_NAME,
  userPrefix: "ht_",
  bot: `@whisper:${SERVER_NAME}` as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};

export interface House {
  readonly synapse: string;
  readonly database: Database;
  /** The application service itself, at Synapse and not through the gate: it may everything. */
  readonly bot: Caller;
  /** Transactions wait while this is set: the mirror lags, as it does when Whisper is busy. */
  holdTransactions(until: Promise<void> | undefined): void;
  /** Answers to this policy callback wait while this is set. @returns once Synapse has asked. */
  holdPolicy(callback: string, until: Promise<void> | undefined): Promise<void>;
  /** A member of staff with a session of their own. */
  person(name: string): Promise<Caller>;
  /** An administrator of Synapse, who is not one of the practice's. */
  administrator(name: string): Promise<Caller>;
  /** A room of Whisper's: owned by the bot, members joined, history visible to members. */
  room(members: readonly Caller[]): Promise<RoomId>;
  /** Puts someone out as Whisper does: kicked and forgotten. */
  remove(room: RoomId, who: Caller): Promise<void>;
  /** What Synapse takes for Whisper, and where it was: for something else to stand there. */
  stopWhisper(): Promise<{ readonly port: number; readonly bind: string }>;
  /** What Synapse has written to its log since it was first started. */
  synapseLog(): string;
  stopSynapse(): Promise<void>;
  startSynapse(): Promise<void>;
  stop(): Promise<void>;
}

export interface HouseOptions {
  readonly publicUrl?: string;
  /** More lines of homeserver.yaml. */
  readonly settings?: string;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const database = await testDatabase();
  const directory = mkdtempSync(join(tmpdir(), "whisper-gate-"));
  let held: Promise<void> | undefined;
  const policy = policyStandIn();
  const whisper = await serve(standIn(database, () => held, policy.answered));
  const registration = registrationOf({
    url: whisper.url,
    serverName: SERVER_NAME,
    userPrefix: "ht_",
    bot: "whisper",
  });
  const registrationFile = join(directory, "registration.yaml");
  writeFileSync(registrationFile, toYaml(registration));
  const asToken = String(registration.as_token);

  const port = await freePort();
  const settings = configureSynapse({
    directory: join(directory, "synapse"),
    port,
    serverName: SERVER_NAME,
    publicUrl: options.publicUrl ?? `http://localhost:${port}`,
    whisperUrl: whisper.url,
    policyToken: "only-for-tests",
    registrationFile,
  });
  appendFileSync(settings.configFile, options.settings ?? "");
  const python = await synapsePython(() => undefined);
  let running: RunningProcess | undefined;
  const start = async () => {
    await startSynapse(python, settings, (child) => {
      running = child;
    });
  };
  await start();
  const botId = `@whisper:${SERVER_NAME}` as UserId;
  await makeBotAdministrator(settings.url, settings.registrationSecret, asToken, botId);
  const bot = new Caller(settings.url, botId, asToken);
  const tag = randomBytes(3).toString("hex");
  let people = 0;

  return {
    synapse: settings.url,
    database,
    bot,
    holdTransactions: (until) => {
      held = until;
    },
    holdPolicy: policy.hold,
    async person(name) {
      const answer = await bot.json("POST", "/_matrix/client/v3/register", {
        type: "m.login.application_service",
        username: `ht_${name}_${tag}_${++people}`,
      });
      return new Caller(settings.url, answer.user_id as UserId, String(answer.access_token));
    },
    async administrator(name) {
      const userId = `@${name}_${tag}_${++people}:${SERVER_NAME}` as UserId;
      const account = encodeURIComponent(userId);
      await bot.request("PUT", `/_synapse/admin/v2/users/${account}`, { body: { admin: true } });
      const signedIn = await bot.json("POST", `/_synapse/admin/v1/users/${account}/login`, {});
      return new Caller(settings.url, userId, String(signedIn.access_token));
    },
    async room(members) {
      const made = await bot.json("POST", "/_matrix/client/v3/createRoom", {
        preset: "private_chat",
        invite: members.map((member) => member.userId),
        power_level_content_override: { users_default: 50, users: { [botId]: 100 } },
        name: "Night shift",
      });
      const roomId = made.room_id as RoomId;
      for (const member of members)
        await member.json("POST", `/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, {});
      return roomId;
    },
    async remove(room, who) {
      const at = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
      await bot.json("POST", `${at}/kick`, { user_id: who.userId });
      await bot.json("POST", `${at}/forget?user_id=${encodeURIComponent(who.userId)}`, {});
      await mirrorForgotten(database, room, who.userId);
    },
    async stopWhisper() {
      await whisper.close();
      return { port: whisper.port, bind: "127.0.0.1" };
    },
    synapseLog: () => readFileSync(settings.logFile, "utf8"),
    async stopSynapse() {
      await running?.stop();
      running = undefined;
    },
    startSynapse: start,
    async stop() {
      held = undefined;
      await running?.stop();
      await whisper.close();
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Synapse as Whisper has it. */
export const homeserverOf = ({ bot }: House): Homeserver => ({
  async call<T>(call: Parameters<Homeserver["call"]>[0]): Promise<T> {
    const query = new URLSearchParams(call.query as Record<string, string>);
    const answer = await bot.request(
      call.method,
      `${call.path}?${query}`,
      call.body ? { body: call.body } : {},
    );
    const body: unknown = JSON.parse(answer.text);
    const { errcode = "" } = body as { errcode?: string };
    if (answer.status !== 200) throw new MatrixRefused(call, answer.status, errcode, answer.text);
    return body as T;
  },
});

/** Policy callbacks whose answers can be held back. */
function policyStandIn() {
  const held = new Map<string, { readonly until: Promise<void>; readonly asked: () => void }>();
  return {
    hold(callback: string, until: Promise<void> | undefined): Promise<void> {
      held.delete(callback);
      if (until === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        held.set(callback, { until, asked: resolve });
      });
    },
    async answered(callback: string): Promise<void> {
      const hold = held.get(callback);
      hold?.asked();
      await hold?.until;
    },
  };
}

/** Stands in for Whisper: allows everything Synapse asks, and takes events into the mirror and the media table. */
function standIn(
  database: Database,
  held: () => Promise<void> | undefined,
  policyAnswered: (callback: string) => Promise<void>,
) {
  const app = express();
  app.use(express.json({ limit: "64mb" }));
  app.post("/policy/:callback", async (request, response) => {
    await policyAnswered(request.params.callback);
    response.json({});
  });
  app.put("/_matrix/app/v1/transactions/:id", async (request, response) => {
    await held();
    const { events } = request.body as { events: unknown[] };
    for (const json of events) {
      const event = parseEvent(json);
      if (event === undefined) continue;
      await database.transaction(async (tx) => {
        await mirrorEvent(tx, event);
        await rememberMedia(tx, event, OWN);
      });
    }
    response.json({});
  });
  return app;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serves on a free port. */
export async function serve(app: RequestListener): Promise<Served> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
