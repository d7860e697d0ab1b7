/** The watchdog's thread (watchdog.ts). It must never depend on the main thread. */

import { writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";

/** Shared between the threads: the main thread's beats, and whether a debugger may stop it. */
export const WORDS = 2;

export interface Watched {
  readonly shared: Int32Array;
  /** Milliseconds between beats, and between checks. */
  readonly every: number;
  /** Milliseconds without a beat after which the process is killed. */
  readonly after: number;
}

/**
 * Checks are counted, not time: if the whole process was stopped, or the machine slept, this thread did not check
 * either, and nothing is wrong.
 */
function watch({ shared, every, after }: Watched): void {
  const most = Math.ceil(after / every);
  let beats = Atomics.load(shared, 0);
  let still = 0;
  setInterval(() => {
    const now = Atomics.load(shared, 0);
    still = now === beats && Atomics.load(shared, 1) === 0 ? still + 1 : 0;
    beats = now;
    if (still >= most) end(after);
  }, every);
}

function end(after: number): void {
  const msg = `Whisper was blocked for ${after / 1_000} seconds and is killed; its supervisor should restart it`;
  try {
    // The main thread carries what other threads write to the console, and it is blocked.
    writeSync(1, `${JSON.stringify({ level: 60, time: Date.now(), msg })}\n`);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}

if (!isMainThread) watch(workerData as Watched);
