/** Gives a turn back. Once is enough, and more does nothing. */
export type EndTurn = () => void;

interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

/**
 * Something scarce, shared so that nobody takes it from the others: each caller has at most so many turns at a time, so
 * many more wait for one, first come first served, and what is beyond that is turned away.
 */
export class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  /** Only of callers who have a turn now. */
  readonly #lines = new Map<string, Line>();

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** @returns null when too many are waiting already. @throws the signal's reason when it is aborted before the turn. */
  async take(caller: string, signal: AbortSignal): Promise<EndTurn | null> {
    signal.throwIfAborted();
    const line = this.#lines.get(caller) ?? { running: 0, waiting: new Set() };
    if (line.running >= this.#most) {
      if (line.waiting.size >= this.#mostWaiting) return null;
      // Handed over by who ends a turn: the number that run stays the same.
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
