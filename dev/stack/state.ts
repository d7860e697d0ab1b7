/** The state directory: one stack at a time, and nothing of a killed stack is left running. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory, parseIdentity, readIfThere, tryLock, writeAtomically } from "../base/files.ts";
import { endLeftover, identify, type RunningProcess } from "../base/processes.ts";

/** The stack's processes, in the order in which they stop. */
export const PARTS = ["whisper", "synapse", "postgres"] as const;
export type Part = (typeof PARTS)[number];

export interface StateDirectory {
  readonly path: string;
  file(...names: string[]): string;
  /** Records a process, so that the next start can find and end it if this process is killed. */
  remember(part: Part, process: RunningProcess): void;
  forget(part: Part): void;
  release(): void;
}

export async function openState(path: string): Promise<StateDirectory> {
  makeDirectory(path);
  const lock = tryLock(join(path, "lock"));
  if ("heldBy" in lock) {
    throw new Error(
      `Already running on ${path} (process ${lock.heldBy.pid}). Stop it first, or choose another --state.`,
    );
  }
  const file = (...names: string[]) => join(path, ...names);
  const record = (part: Part) => file(`${part}.pid`);
  rmSync(file("stack.json"), { force: true });
  for (const part of PARTS) {
    const leftover = parseIdentity(readIfThere(record(part)) ?? "");
    // Another process may have the same id by now; the start time tells them apart.
    if (leftover !== undefined)
      await endLeftover(leftover, part === "postgres" ? "SIGINT" : "SIGTERM", 10_000);
    rmSync(record(part), { force: true });
  }
  return {
    path,
    file,
    remember(part, process) {
      const identity = identify(process.pid);
      if (identity !== undefined) writeAtomically(record(part), JSON.stringify(identity));
    },
    forget: (part) => rmSync(record(part), { force: true }),
    release: lock.release,
  };
}
