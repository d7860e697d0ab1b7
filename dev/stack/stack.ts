/** Everything on this machine: PostgreSQL, Synapse and Whisper, started in order and stopped in reverse. */
import { existsSync, rmSync } from "node:fs";
import { keptSecret, readIfThere, writeAtomically } from "../base/files.ts";
import type { RunningProcess } from "../base/processes.ts";
import { type Progress, silent } from "../base/progress.ts";
import { callApi } from "../clients/api.ts";
import { configureSynapse, startSynapse } from "../synapse/synapse.ts";
import { makeBotAdministrator, setPassword } from "../synapse/synapse-admin.ts";
import { synapsePython } from "../synapse/venv.ts";
import { claimDatabase } from "./claim-database.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { externalPostgres, type Postgres, startPostgres } from "./postgres.ts";
import { RunningServers } from "./running-servers.ts";
import { openState, type ServerName, type StateDirectory } from "./state.ts";
import {
  BOT,
  createApiKey,
  createAuditKeys,
  generateRegistration,
  serve,
  USER_PREFIX,
  writeConfig,
} from "./whisper.ts";

export interface StackOptions {
  readonly stateDir: string;
  readonly ports: "fixed" | "auto";
  /** Your own database; without it, PostgreSQL runs in the state directory. */
  readonly databaseUrl?: string;
  /** Added to Whisper's environment at every start. */
  readonly env?: NodeJS.ProcessEnv;
  /** Puts something between Whisper and Synapse: takes Synapse's address, returns the one to give to Whisper. */
  readonly homeserverUrlForWhisper?: (synapseUrl: string) => Promise<string> | string;
  /** Tests only, see postgres.ts. */
  readonly withoutFsync?: boolean;
  readonly progress?: Progress;
  /** Aborts the start at the next step. */
  readonly signal?: AbortSignal;
}

export interface Stack {
  readonly stateDir: string;
  readonly ports: Ports;
  /** Where clients connect: the read gate. */
  readonly homeserver: string;
  readonly synapse: string;
  readonly whisper: string;
  /** Whisper's address in what it gives to others, such as links. */
  readonly publicUrl: string;
  readonly serverName: string;
  readonly apiKey: string;
  /** For Synapse's client and administration API, as the bot or as any of Whisper's users. */
  readonly appserviceToken: string;
  readonly databaseUrl: string;
  readonly configFile: string;
  readonly whisperLog: string;
  readonly synapseLog: string;
  pids(): { whisper?: number; synapse?: number; postgres?: number };
  userId(username: string): string;
  setPassword(username: string, password: string): Promise<void>;
  createDatabase(name: string): Promise<string>;
  startWhisper(extraEnv?: NodeJS.ProcessEnv): Promise<void>;
  stopWhisper(): Promise<void>;
  /** Returns when the process is gone. */
  killWhisper(signal?: NodeJS.Signals): Promise<void>;
  startSynapse(): Promise<void>;
  stopSynapse(): Promise<void>;
  killSynapse(): Promise<void>;
  startPostgres(): Promise<void>;
  stopPostgres(): Promise<void>;
  killPostgres(): Promise<void>;
  /** Called when a server ends without being asked to. */
  onUnexpectedEnd(listener: (server: ServerName, how: string) => void): void;
  /** Writes stack.json for others to find, and keeps it current. */
  announce(): void;
  stop(): Promise<void>;
}

const SERVER_NAME = "localhost";

/** Starts everything or nothing: if a server fails, those before it are stopped again. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const progress = interruptible(options.progress ?? silent, options.signal);
  const state = await openState(options.stateDir);
  const servers = new RunningServers(state);
  const giveUp = () => void servers.stopAll();
  options.signal?.addEventListener("abort", giveUp);
  try {
    return await assemble(options, state, servers, progress);
  } catch (error) {
    await servers.stopAll();
    state.release();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", giveUp);
  }
}

async function assemble(
  options: StackOptions,
  state: StateDirectory,
  servers: RunningServers,
  progress: Progress,
): Promise<Stack> {
  const ports = await choosePorts(options.ports);
  const whisperUrl = `http://127.0.0.1:${ports.whisper}`;
  const gateUrl = `http://127.0.0.1:${ports.gate}`;

  let postgres: Postgres;
  const bringUpPostgres = async () => {
    postgres = await servers.launch("postgres", (onSpawn) =>
      launchPostgres(options, state, ports.postgres, onSpawn),
    );
    return postgres;
  };
  const database = await progress.step("PostgreSQL", bringUpPostgres);

  const python = await progress.step("Synapse: installed", (say) =>
    synapsePython(say, { stateDir: options.stateDir, signal: options.signal }),
  );
  const files = {
    config: state.file("whisper.yaml"),
    registration: state.file("registration.yaml"),
    auditKeys: state.file("audit-keys"),
    auditAnchor: state.file("audit-anchor"),
    log: state.file("whisper.log"),
  };
  const policyToken = keptSecret(state.file("policy-token"));
  const synapseUrl = `http://127.0.0.1:${ports.synapse}`;
  writeConfig({
    files,
    ports,
    serverName: SERVER_NAME,
    homeserverUrl: (await options.homeserverUrlForWhisper?.(synapseUrl)) ?? synapseUrl,
    databaseUrl: database.url,
    policyToken,
  });
  const appserviceToken = await progress.step("Whisper: registration", async () => {
    await createAuditKeys(files);
    return generateRegistration(files, whisperUrl);
  });
  const settings = configureSynapse({
    directory: state.file("synapse"),
    port: ports.synapse,
    serverName: SERVER_NAME,
    publicUrl: `http://localhost:${ports.gate}`,
    whisperUrl,
    policyToken,
    registrationFile: files.registration,
  });
  const bringUpSynapse = () =>
    servers.launch("synapse", (onSpawn) => startSynapse(python, settings, onSpawn));
  await progress.step("Synapse", async () => {
    await bringUpSynapse();
    await makeBotAdministrator(
      synapseUrl,
      settings.registrationSecret,
      appserviceToken,
      `@${BOT}:${SERVER_NAME}`,
    );
  });

  const bringUpWhisper = (extraEnv: NodeJS.ProcessEnv = {}) =>
    servers.launch("whisper", (onSpawn) =>
      serve(files, whisperUrl, { ...options.env, ...extraEnv }, onSpawn),
    );
  await progress.step("Whisper", () => bringUpWhisper());
  const apiKey = await knownOrNewApiKey(state.file("api-key"), whisperUrl, () => createApiKey(files, "dev"));

  const userId = (username: string) => `@${USER_PREFIX}${username.toLowerCase()}:${SERVER_NAME}`;
  let announced = false;
  const writeStackFile = () => {
    if (!announced) return;
    const content = {
      homeserver: gateUrl,
      synapse: synapseUrl,
      whisper: whisperUrl,
      serverName: SERVER_NAME,
      apiKey,
      databaseUrl: database.url,
      pids: servers.pids(),
    };
    writeAtomically(state.file("stack.json"), `${JSON.stringify(content, null, 2)}\n`);
  };
  /** The file lists the processes, so it is rewritten after every restart. */
  const andTell =
    <Arguments extends unknown[]>(start: (...args: Arguments) => Promise<unknown>) =>
    async (...args: Arguments) => {
      await start(...args);
      writeStackFile();
    };

  return {
    stateDir: options.stateDir,
    ports,
    homeserver: gateUrl,
    synapse: synapseUrl,
    whisper: whisperUrl,
    publicUrl: `http://localhost:${ports.whisper}`,
    serverName: SERVER_NAME,
    apiKey,
    appserviceToken,
    databaseUrl: database.url,
    configFile: files.config,
    whisperLog: files.log,
    synapseLog: settings.logFile,
    pids: () => servers.pids(),
    userId,
    setPassword: (username, password) => setPassword(synapseUrl, appserviceToken, userId(username), password),
    createDatabase: (name) => postgres.createDatabase(name),
    startWhisper: andTell(bringUpWhisper),
    stopWhisper: () => servers.stop("whisper"),
    killWhisper: (signal = "SIGKILL") => servers.kill("whisper", signal),
    startSynapse: andTell(bringUpSynapse),
    stopSynapse: () => servers.stop("synapse"),
    killSynapse: () => servers.kill("synapse", "SIGKILL"),
    startPostgres: andTell(bringUpPostgres),
    stopPostgres: () => servers.stop("postgres"),
    killPostgres: () => servers.kill("postgres", "SIGKILL"),
    onUnexpectedEnd: (listener) => servers.onUnexpectedEnd(listener),
    announce() {
      announced = true;
      writeStackFile();
    },
    async stop() {
      announced = false;
      rmSync(state.file("stack.json"), { force: true });
      await servers.stopAll();
      state.release();
    },
  };
}

function interruptible(progress: Progress, signal: AbortSignal | undefined): Progress {
  return {
    line: progress.line,
    step(title, work) {
      signal?.throwIfAborted();
      return progress.step(title, work);
    },
  };
}

async function launchPostgres(
  options: StackOptions,
  state: StateDirectory,
  port: number,
  onSpawn: (child: RunningProcess) => void,
): Promise<Postgres> {
  if (options.databaseUrl === undefined) {
    const directory = state.file("postgres");
    return startPostgres({ directory, port, onSpawn, withoutFsync: options.withoutFsync ?? false });
  }
  const postgres = await externalPostgres(options.databaseUrl);
  await claimDatabase(options.databaseUrl, {
    id: keptSecret(state.file("state-id")),
    directory: state.path,
    knowsTheDatabase: existsSync(state.file("api-key")),
  });
  return postgres;
}

/** The key from an earlier start, unless the database no longer accepts it. */
async function knownOrNewApiKey(
  file: string,
  whisper: string,
  create: () => Promise<string>,
): Promise<string> {
  const known = readIfThere(file)?.trim();
  if (known !== undefined) {
    const { status } = await callApi({ whisper, apiKey: known }, "GET", "/api/v1/users?limit=1");
    if (status !== 401) return known;
  }
  const fresh = await create();
  writeAtomically(file, `${fresh}\n`);
  return fresh;
}
