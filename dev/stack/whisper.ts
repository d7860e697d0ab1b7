/** Whisper as a child process, and the `whisper` commands that the stack needs. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { writeAtomically } from "../base/files.ts";
import { answers, type RunningProcess, startProcess, waitUntilReady } from "../base/processes.ts";
import { REPOSITORY } from "../base/repository.ts";
import type { Ports } from "./ports.ts";

const CLI = join(REPOSITORY, "src", "cli.ts");
const run = promisify(execFile);

export interface WhisperFiles {
  readonly config: string;
  readonly registration: string;
  readonly auditKeys: string;
  readonly auditAnchor: string;
  readonly log: string;
}

export interface WhisperSettings {
  readonly files: WhisperFiles;
  readonly ports: Ports;
  readonly serverName: string;
  /** Where Whisper reaches Synapse: directly, or through a test's proxy. */
  readonly homeserverUrl: string;
  readonly databaseUrl: string;
  readonly policyToken: string;
}

export const BOT = "whisper";
export const USER_PREFIX = "ht_";

export function writeConfig(settings: WhisperSettings): void {
  const { ports } = settings;
  const config = {
    homeserver: {
      url: settings.homeserverUrl,
      public_url: `http://localhost:${ports.gate}`,
      server_name: settings.serverName,
      user_prefix: USER_PREFIX,
      bot: BOT,
    },
    database: { url: settings.databaseUrl },
    listen: { port: ports.whisper, bind: "127.0.0.1" },
    gate: { listen: { port: ports.gate, bind: "127.0.0.1" } },
    public_url: `http://localhost:${ports.whisper}`,
    appservice: { registration: settings.files.registration },
    policy: { token: settings.policyToken },
    audit: { keys: settings.files.auditKeys, anchor: settings.files.auditAnchor },
    practice: { name: "Wattle Street Family Practice", timezone: "Australia/Sydney" },
    log: { level: "info" },
  };
  writeAtomically(settings.files.config, stringify(config));
}

/** Writes registration.yaml, keeping an existing file's tokens, and returns the appservice's token. */
export async function generateRegistration(files: WhisperFiles, whisperUrl: string): Promise<string> {
  const args = [
    "generate-registration",
    "--config",
    files.config,
    "--out",
    files.registration,
    "--url",
    whisperUrl,
  ];
  await cli(args);
  const registration: unknown = parse(readFileSync(files.registration, "utf8"));
  if (typeof registration === "object" && registration !== null && "as_token" in registration) {
    const { as_token } = registration;
    if (typeof as_token === "string") return as_token;
  }
  throw new Error(`${files.registration} holds no as_token`);
}

/** Makes the record's keys, once. */
export async function createAuditKeys(files: WhisperFiles): Promise<void> {
  await cli(["audit", "keys", "create", "--config", files.config]);
}

/** Creates an API key with every scope. Its text is available only once. */
export async function createApiKey(files: WhisperFiles, name: string): Promise<string> {
  return (
    await cli(["api-key", "create", "--config", files.config, "--name", name, "--scopes", "all"])
  ).trim();
}

async function cli(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [CLI, ...args], { cwd: REPOSITORY, timeout: 60_000 });
    return stdout;
  } catch (error) {
    const said =
      typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`\`whisper ${args[0]}\` failed: ${said || String(error)}`);
  }
}

/** Starts the service and waits until it is ready: database and homeserver answer. */
export async function serve(
  files: WhisperFiles,
  whisperUrl: string,
  env: NodeJS.ProcessEnv,
  onSpawn: (child: RunningProcess) => void,
): Promise<RunningProcess> {
  const child = await startProcess({
    name: "Whisper",
    command: process.execPath,
    // As in docker/Dockerfile: without a limit, Node lets its heap grow with the machine's memory.
    args: ["--max-semi-space-size=8", "--max-old-space-size=144", CLI, "serve", "--config", files.config],
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    logFile: files.log,
  });
  onSpawn(child);
  await waitUntilReady(child, () => answers(`${whisperUrl}/health/ready`), 60_000);
  return child;
}
