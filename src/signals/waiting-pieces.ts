/** Pieces of text that wait for one reader, up to a bound. */
export class WaitingPieces {
  readonly #pieces: string[] = [];
  readonly #most: number;
  #wake: () => void = () => undefined;
  #ended = false;
  readonly #tooSlow: string | undefined;

  /** @param tooSlow the last piece for a reader that too much waits for. */
  constructor(most: number, tooSlow?: string) {
    this.#most = most;
    this.#tooSlow = tooSlow;
  }

  /** @returns false: the reader is too slow, and what waits has been let go. It ends after what it is reading. */
  add(piece: string): boolean {
    if (this.#ended) return false;
    if (this.#pieces.length >= this.#most) {
      this.drop();
      return false;
    }
    this.#pieces.push(piece);
    this.#wake();
    return true;
  }

  /** The reader is too slow: what waits is let go, and it is told why. */
  drop(): void {
    if (this.#ended) return;
    this.#pieces.length = 0;
    this.end(this.#tooSlow);
  }

  /** Nothing more comes. `last`: but for this. */
  end(last?: string): void {
    if (!this.#ended && last !== undefined) this.#pieces.push(last);
    this.#ended = true;
    this.#wake();
  }

  /**
   * The pieces as they come.
   * @param idle what to give after this many milliseconds without one.
   */
  async *read(
    idle: { readonly ms: number; readonly piece: () => string },
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const abort = () => this.end();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) yield piece;
        else if (this.#ended) return;
        else if (!(await this.#news(idle.ms))) yield idle.piece();
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** @returns false: nothing came in that time. */
  #news(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
    return promise;
  }
}

/**
 * The same pieces; calls `ended` once, when nobody reads them any more, for whatever reason.
 * @param signal aborted when the reader goes away: a HEAD request's reader never begins to read.
 */
export function untilEnded(
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
  ended: () => void,
): AsyncIterable<string> {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", end);
    ended();
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return (async function* () {
    try {
      yield* pieces;
    } finally {
      end();
    }
  })();
}
