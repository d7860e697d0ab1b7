/** Gives a turn back. Calling it again does nothing. */
export type EndTurn = () => void;

interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

/**
 * Shares something scarce so that nobody takes it from the others: each caller has a limited number of turns at a time,
 * a limited number of further requests wait in order, and any beyond that are turned away.
 */
export class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  /** Only callers that have a turn now. */
  readonly #lines = new Map<string, Line>();

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** @returns null if too many are already waiting. @throws the signal's reason if it is aborted before the turn. */
  async take(caller: string, signal: AbortSignal): Promise<EndTurn | null> {
    signal.throwIfAborted();
    const line = this.#lines.get(caller) ?? { running: 0, waiting: new Set() };
    if (line.running >= this.#most) {
      if (line.waiting.size >= this.#mostWaiting) return null;
      // The turn passes straight on: the number running stays the same.
      await handedOver(line.waiting, signal);
    } else {
      line.running++;
      this.#lines.set(caller, line);
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#end(caller, line);
    };
  }

  #end(caller: string, line: Line): void {
    for (const next of line.waiting) {
      line.waiting.delete(next);
      next();
      return;
    }
    line.running--;
    if (line.running === 0) this.#lines.delete(caller);
  }
}

function handedOver(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    const giveUp = () => {
      waiting.delete(go);
      reject(signal.reason);
    };
    waiting.add(go);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}
