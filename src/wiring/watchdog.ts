import inspector from "node:inspector";
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { type Watched, WORDS } from "./watchdog-thread.ts";

/** How often this thread reports that it lives, in milliseconds; the watchdog checks as often. */
const BEAT = 1_000;
export const STANDSTILL = 30_000;

/**
 * Kills the process with SIGKILL if its event loop has been blocked for 30 seconds: it answers nobody then, not even
 * SIGTERM, and its supervisor can restart it. A separate thread checks, so an endless loop is noticed. It does not
 * keep the process alive, and ignores a process that a debugger has stopped.
 * @param after milliseconds.
 */
export function watchEventLoop(log: Logger, after: number): void {
  const shared = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  const beat = () => {
    Atomics.store(shared, 1, inspector.url() === undefined ? 0 : 1);
    Atomics.add(shared, 0, 1);
  };
  beat();
  const every = Math.min(BEAT, after / 10);
  setInterval(beat, every).unref();
  const workerData: Watched = { shared, every, after };
  const thread = new Worker(new URL("./watchdog-thread.ts", import.meta.url), {
    workerData,
    name: "watchdog",
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  thread.on("error", (error) =>
    log.error({ err: error }, "the watchdog has ended; Whisper continues without it"),
  );
  thread.unref();
}
