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
import type { RunningProcess } from "../../../../dev/base/processes.ts";
import { freePort } from "../../../../dev/stack/ports.ts";
import { configureSynapse, startSynapse, toYaml } from "../../../../dev/synapse/synapse.ts";
import { makeBotAdministrator } from "../../../../dev/synapse/synapse-admin.ts";
import { synapsePython } from "../../../../dev/synapse/venv.ts";
import { registrationOf } from "../../../../src/appservice/homeserver/registration.ts";
import { mirrorEvent, mirrorForgotten } from "../../../../src/appservice/rooms/mirror.ts";
import { rememberMedia } from "../../../../src/conversations/media.ts";
import { parseEvent } from "../../../../src/messages/event.ts";
import type { PracticeSettings, RoomId, UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { Caller } from "./caller.ts";

export const SERVER_NAME = "localhost";
const OWN: PracticeSettings = {
  serverName: SERVER_NAME,
  userPrefix: "ht_",
  bot: `@whisper:${SERVER_NAME}` as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};
const VENV = join(import.meta.dirname, "../../../../.whisper/venv");

export interface House {
  readonly synapse: string;
  readonly database: Database;
  /** The application service itself, at Synapse and not through the gate: it may everything. */
  readonly bot: Caller;
  /** Transactions wait while this is set: the mirror lags, as it does when Whisper is busy. */
  holdTransactions(until: Promise<void> | undefined): void;
  /** A member of staff with a session of their own. */
  person(name: string): Promise<Caller>;
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
  const whisper = await serve(standIn(database, () => held));
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
  const python = await synapsePython(VENV, () => undefined);
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
    async person(name) {
      const answer = await bot.json("POST", "/_matrix/client/v3/register", {
        type: "m.login.application_service",
        username: `ht_${name}_${tag}_${++people}`,
      });
      return new Caller(settings.url, answer.user_id as UserId, String(answer.access_token));
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

/** What Whisper is to Synapse here: allows everything that it is asked, and takes events into mirror and media table. */
function standIn(database: Database, held: () => Promise<void> | undefined) {
  const app = express();
  app.use(express.json({ limit: "64mb" }));
  app.post("/policy/:callback", (_request, response) => {
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
