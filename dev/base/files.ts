/** Small files that must be complete or absent, and locks that end with their holder's process. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode, identify, isAlive, type ProcessIdentity } from "./processes.ts";

/**
 * A directory that others can neither list nor write. They may pass through it to what is open to them below:
 * PostgreSQL's cluster, when root runs it under another account.
 */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o711 });
}

/** Replaces a file atomically: a reader, even after a crash, sees the old text or the new one. */
export function writeAtomically(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, path);
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A secret created once and kept, readable only by its owner. */
export function keptSecret(path: string, make: () => string = () => randomBytes(32).toString("hex")): string {
  const known = readIfThere(path)?.trim();
  if (known !== undefined && known !== "") return known;
  const fresh = make();
  writeAtomically(path, `${fresh}\n`);
  return fresh;
}

/** Takes the lock. Returns a function that releases it, or the running process that holds it. */
export function tryLock(path: string): { release: () => void } | { heldBy: ProcessIdentity } {
  const self = identify(process.pid);
  if (self === undefined) throw new Error("this process cannot see itself");
  const mine = JSON.stringify(self);
  for (;;) {
    try {
      writeFileSync(path, mine, { flag: "wx", mode: 0o600 });
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    const found = readIfThere(path);
    if (found === undefined) continue;
    const holder = parseIdentity(found);
    if (holder !== undefined && isAlive(holder)) return { heldBy: holder };
    // The holder is dead. Of several processes that want the lock, only one can rename the file; the others try again.
    const grave = `${path}.${process.pid}.stale`;
    try {
      renameSync(path, grave);
      rmSync(grave, { force: true });
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

export async function lockWhenFree(
  path: string,
  onWait: (holder: ProcessIdentity) => void,
): Promise<() => void> {
  for (let told = false; ; told = true) {
    const lock = tryLock(path);
    if ("release" in lock) return lock.release;
    if (!told) onWait(lock.heldBy);
    await delay(250);
  }
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || !("started" in value))
      return undefined;
    const { pid, started } = value;
    return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}
