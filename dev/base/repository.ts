/** This checkout, and where what is made from it is kept. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** This checkout's folder. */
export const REPOSITORY = resolve(import.meta.dirname, "../..");

/**
 * Where Synapse is installed, and where the stacks of development and of the tests keep their state: `.whisper` in the
 * checkout, or a folder in the user's cache if the checkout cannot be written (https://specifications.freedesktop.org/basedir).
 */
export function workFolder(): string {
  const own = join(REPOSITORY, ".whisper");
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "whisper");
  return firstWritable([own, cache]) ?? own;
}

/** The first folder that is there, or can be made, and that we may write in. */
export function firstWritable(folders: readonly string[]): string | undefined {
  return folders.find((folder) => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      accessSync(folder, constants.W_OK | constants.X_OK);
      return true;
    } catch {
      return false; // the next one, then
    }
  });
}
