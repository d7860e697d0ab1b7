/** A real Synapse, on SQLite, for the development stack and the tests. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { keptSecret, makeDirectory, writeAtomically } from "../base/files.ts";
import { answers, type RunningProcess, startProcess, waitUntilReady } from "../base/processes.ts";
import { homeserverConfig } from "./homeserver-config.ts";
import { pythonEnvironment } from "./venv.ts";

/** Where Python finds Whisper's module for Synapse. */
export const SYNAPSE_MODULES = join(import.meta.dirname, "../../docker/synapse");

export interface SynapseOptions {
  /** The directory of the database, the keys, the log and homeserver.yaml. */
  readonly directory: string;
  readonly port: number;
  readonly serverName: string;
  readonly publicUrl: string;
  readonly whisperUrl: string;
  readonly policyToken: string;
  readonly registrationFile: string;
}

export interface SynapseSettings {
  readonly url: string;
  readonly configFile: string;
  readonly logFile: string;
  /** Anyone who has it can create accounts, including administrators. The stack gets its first one this way. */
  readonly registrationSecret: string;
}

/** Writes everything that Synapse reads at start. The same options give the same files; secrets are created once. */
export function configureSynapse(options: SynapseOptions): SynapseSettings {
  const { directory } = options;
  makeDirectory(directory);
  const registrationSecret = keptSecret(join(directory, "registration-secret"));
  // The format that `generate_signing_key` writes: algorithm, version, seed in unpadded base64.
  keptSecret(
    join(directory, "signing.key"),
    () => `ed25519 a_1 ${randomBytes(32).toString("base64").replace(/=+$/, "")}`,
  );
  const logFile = join(directory, "synapse.log");
  writeAtomically(join(directory, "log.yaml"), stringify(logConfig(logFile)));
  const config = homeserverConfig({
    serverName: options.serverName,
    publicUrl: options.publicUrl,
    listen: { port: options.port, bind: ["127.0.0.1"] },
    dataDir: directory,
    database: { name: "sqlite3", args: { database: join(directory, "homeserver.db") } },
    whisperUrl: options.whisperUrl,
    policyToken: options.policyToken,
    registrationFile: options.registrationFile,
    secrets: {
      macaroon: keptSecret(join(directory, "macaroon-secret")),
      form: keptSecret(join(directory, "form-secret")),
      registration: registrationSecret,
    },
    forDevelopment: true,
  });
  const configFile = join(directory, "homeserver.yaml");
  writeAtomically(configFile, toYaml(config));
  return { url: `http://127.0.0.1:${options.port}`, configFile, logFile, registrationSecret };
}

/** YAML for Python's parser, which reads version 1.1: a bare `off` would become False. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

export async function startSynapse(
  python: string,
  settings: SynapseSettings,
  onSpawn: (child: RunningProcess) => void,
): Promise<RunningProcess> {
  const child = await startProcess({
    name: "Synapse",
    command: python,
    args: ["-m", "synapse.app.homeserver", "--config-path", settings.configFile],
    cwd: join(settings.configFile, ".."),
    logFile: settings.logFile,
    // Whisper's own module.
    env: { ...withoutProxies(pythonEnvironment()), PYTHONPATH: SYNAPSE_MODULES },
  });
  onSpawn(child);
  await waitUntilReady(child, () => answers(`${settings.url}/health`), 90_000);
  return child;
}

/** Otherwise Synapse would call Whisper through the environment's proxy, although both are on this machine. */
function withoutProxies(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(?:https?|all)_proxy$/i.test(name)),
  );
}

function logConfig(file: string) {
  return {
    version: 1,
    disable_existing_loggers: false,
    formatters: { line: { format: "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s" } },
    handlers: { file: { class: "logging.FileHandler", filename: file, formatter: "line", encoding: "utf8" } },
    // These would log what people write, see docker/synapse/log.yaml.
    loggers: {
      synapse_http_antispam: { level: "CRITICAL" },
      "synapse.http.servlet": { level: "ERROR" },
    },
    root: { level: "WARNING", handlers: ["file"] },
  };
}
