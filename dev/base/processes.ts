/** Child processes in their own process groups, and how to recognise them after this process has died. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** How to ask for an orderly end. Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves, never rejects, with a few words on how the process ended. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** Asks for an orderly end, and after `graceMs` kills the whole group with SIGKILL. Returns when it is gone. */
  stop(graceMs?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** For when this process ends by an exception: there is no time to wait for its children, but time to ask them to end. */
const askToEnd = new Map<number, () => void>();
process.on("exit", () => {
  for (const ask of askToEnd.values()) ask();
});

export function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const log = openSync(spec.logFile, "a", 0o600);
  // `detached` gives the child its own process group. A Ctrl-C in the terminal then reaches only us, and we stop the
  // parts in the right order: Whisper before the homeserver and database that it still needs to finish its work.
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env ?? process.env,
    detached: true,
    stdio: ["ignore", log, log],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      const { pid } = child;
      if (pid === undefined) reject(new Error(`${spec.name} did not start`));
      else resolve(running(spec, child, pid));
    });
  });
}

function running(spec: ProcessSpec, child: ChildProcess, pid: number): RunningProcess {
  let gone = false;
  const stopSignal = spec.stopSignal ?? "SIGTERM";
  askToEnd.set(pid, () => signalGroup(pid, stopSignal));
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      gone = true;
      askToEnd.delete(pid);
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    ended,
    hasEnded: () => gone,
    kill: (signal) => signalGroup(pid, signal),
    async stop(graceMs = 15_000) {
      if (!gone) {
        signalGroup(pid, stopSignal);
        const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
        await ended;
        clearTimeout(timer);
      }
      // Grandchildren that outlive their parent (a psql, a Synapse worker) must not be left running.
      signalGroup(pid, "SIGKILL");
    },
  };
}

/** Signals a whole process group. It is fine if the group is gone already. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** Distinguishes a process from a later one with the same process id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The identity of a running process, or undefined. A zombie counts as dead. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === "linux" ? startOnLinux(pid) : startElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** proc(5): the command in brackets may contain spaces; after it come the state (field 3) and the start time (field 22). */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return line === "" ? undefined : line;
  } catch {
    return undefined;
  }
}

/** Ends a recognised process group of an earlier run, and waits until it is gone. */
export async function endLeftover(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  if (!isAlive(identity)) return;
  signalGroup(identity.pid, signal);
  const deadline = Date.now() + graceMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) signalGroup(identity.pid, "SIGKILL");
    await delay(25);
  }
}

export function logTail(file: string, lines = 20): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log was written)";
  }
}

/** "ready", or why it is not. */
export type Readiness = "ready" | { readonly because: string };

/** Calls `probe` until it is ready. Fails if the process ends or time runs out, with the reason and the end of its log. */
export async function waitUntilReady(
  child: RunningProcess,
  probe: () => Promise<Readiness>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = await probe();
    if (state === "ready") return;
    if (child.hasEnded()) {
      throw new Error(
        `${child.name} ended while starting (${await child.ended}).\n${logTail(child.logFile)}`,
      );
    }
    if (Date.now() > deadline) {
      const tail = `The end of ${child.logFile}:\n${logTail(child.logFile)}`;
      throw new Error(`${child.name} was not ready within ${timeoutMs / 1000} s: ${state.because}\n${tail}`);
    }
    await Promise.race([delay(40), child.ended]);
  }
}

/** Ready once the address answers 2xx. */
export async function answers(url: string): Promise<Readiness> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return response.ok ? "ready" : { because: `${url} answers ${response.status} ${text.slice(0, 500)}` };
  } catch (error) {
    return { because: `${url} does not answer (${messageOf(error)})` };
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
