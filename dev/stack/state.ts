/** The state directory: one stack at a time, and nothing of a killed stack is left running. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory, parseIdentity, readIfThere, tryLock, writeAtomically } from "../base/files.ts";
import { endLeftover, errorCode, identify, type RunningProcess } from "../base/processes.ts";

/** The stack's processes, in the order in which they stop. */
export const SERVERS = ["whisper", "synapse", "postgres"] as const;
export type ServerName = (typeof SERVERS)[number];

export interface StateDirectory {
  readonly path: string;
  file(...names: string[]): string;
  /** Records a process, so that the next start can find and end it if this process is killed. */
  remember(server: ServerName, process: RunningProcess): void;
  forget(server: ServerName): void;
  release(): void;
}

/** @throws Error that says what to do if the directory is in use or cannot be written. */
export async function openState(path: string): Promise<StateDirectory> {
  const lock = take(path);
  if ("heldBy" in lock) {
    throw new Error(
      `Already running on ${path} (process ${lock.heldBy.pid}). Stop it first, or choose another --state.`,
    );
  }
  const file = (...names: string[]) => join(path, ...names);
  const record = (server: ServerName) => file(`${server}.pid`);
  rmSync(file("stack.json"), { force: true });
  for (const server of SERVERS) {
    const leftover = parseIdentity(readIfThere(record(server)) ?? "");
    // Another process may have the same id by now; the start time tells them apart.
    if (leftover !== undefined)
      await endLeftover(leftover, server === "postgres" ? "SIGINT" : "SIGTERM", 10_000);
    rmSync(record(server), { force: true });
  }
  return {
    path,
    file,
    remember(server, process) {
      const identity = identify(process.pid);
      if (identity !== undefined) writeAtomically(record(server), JSON.stringify(identity));
    },
    forget: (server) => rmSync(record(server), { force: true }),
    release: lock.release,
  };
}

/** No permission, a file system for reading only, or a file where a folder should be. */
const NOT_OURS = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"];

function take(path: string): ReturnType<typeof tryLock> {
  try {
    makeDirectory(path);
    return tryLock(join(path, "lock"));
  } catch (error) {
    if (!NOT_OURS.includes(errorCode(error) ?? "")) throw error;
    throw new Error(`Nothing can be written to ${path}. Choose another folder: --state DIR`);
  }
}
