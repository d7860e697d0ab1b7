import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import type { Anchor } from "./anchor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { RecordKey } from "./record-keys.ts";
import { RECORDED } from "./recorder.ts";
import { sealWaiting } from "./seal.ts";

/** Milliseconds in which entries gather, so that many are sealed at once; and after which a failed try is repeated. */
const GATHER = 200;
/** Milliseconds between two looks for what no commit of this process announced, or what is to be signed by now. */
const LOOK = 5_000;

export interface SealerDependencies {
  readonly database: Database;
  readonly key: RecordKey;
  readonly anchor: Anchor | null;
  readonly log: Logger;
}

/**
 * Seals entries soon after they are committed. Every process does this: one seals at a time, and if it ends, the next
 * look of another goes on. A failure is tried again for ever; entries wait meanwhile, and nobody who writes them does.
 * @returns what ends it, once the look under way is done.
 */
export function startSealer({ database, key, anchor, log }: SealerDependencies): () => Promise<void> {
  const stopping = new AbortController();
  let wake = Promise.withResolvers<void>();
  const onRecorded = () => wake.resolve();
  database.committed.on(RECORDED, onRecorded);

  const anchoring = newestFirst(anchor);

  const look = async (): Promise<boolean> => {
    try {
      const { isMoreToDo, checkpoint } = await sealWaiting(database, key);
      if (checkpoint !== null) anchoring.write(checkpoint);
      return isMoreToDo;
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, "could not seal the record; it is tried again");
      return false;
    }
  };
  const pause = (ms: number) =>
    wait(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
  const run = async () => {
    while (!stopping.signal.aborted) {
      wake = Promise.withResolvers();
      if (!(await look())) await Promise.race([wake.promise, pause(LOOK)]);
      await pause(GATHER);
    }
  };
  const running = run();
  return async () => {
    database.committed.off(RECORDED, onRecorded);
    stopping.abort();
    await running;
    // What is still being written is in the database too.
    await Promise.race([anchoring.idle(), wait(GOODBYE, undefined, { ref: false })]);
  };
}

/** Milliseconds that the end waits for the anchor, which may be on another machine. */
const GOODBYE = 2_000;

/**
 * Writes one checkpoint at a time, and of those that come meanwhile the last, which says all that the others would: nobody
 * waits for an anchor that does not answer.
 */
function newestFirst(anchor: Anchor | null) {
  let writing: Promise<void> | null = null;
  let next: Checkpoint | null = null;
  const begin = async (checkpoint: Checkpoint) => {
    for (let each: Checkpoint | null = checkpoint; each !== null; ) {
      await anchor?.(each);
      each = next;
      next = null;
    }
  };
  return {
    write(checkpoint: Checkpoint): void {
      if (writing !== null) {
        next = checkpoint;
        return;
      }
      writing = begin(checkpoint).finally(() => {
        writing = null;
      });
    },
    idle: (): Promise<void> => writing ?? Promise.resolve(),
  };
}
