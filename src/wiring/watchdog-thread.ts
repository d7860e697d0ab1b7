/** The thread of the watchdog (watchdog.ts). It must not need the main thread for anything. */

import { writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";

/** What the threads share: the beats of the main thread, and whether a debugger may stop it. */
export const WORDS = 2;

export interface Watched {
  readonly shared: Int32Array;
  /** Milliseconds between beats, and between looks. */
  readonly every: number;
  /** Milliseconds without a beat after which the process is ended. */
  readonly after: number;
}

/**
 * Looks are counted, not time: when the whole process was stopped, or the machine slept, this thread did not look
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
  const msg = `Whisper stood still for ${after / 1_000} seconds and is ended; what starts it should start it again`;
  try {
    // The main thread carries what other threads write to the console, and it stands still.
    writeSync(1, `${JSON.stringify({ level: 60, time: Date.now(), msg })}\n`);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}

if (!isMainThread) watch(workerData as Watched);
