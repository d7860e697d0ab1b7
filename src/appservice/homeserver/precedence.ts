import type { Homeserver } from "./homeserver.ts";

/** Milliseconds that a call gives way at most: somebody always waits for something in a large practice. */
const PATIENCE = 1_000;
/** Calls at a time while nobody waits for anything, and for so long (milliseconds) after somebody did. */
const AT_ONCE = { alone: 8, besidePeople: 2, for: 10_000 } as const;

export interface Precedence {
  /** For what a person waits for. */
  readonly first: Homeserver;
  /** For everything else: each call waits, for a bounded time, until none of the others is under way. */
  readonly behind: Homeserver;
}

/**
 * Synapse does one thing at a time. Eight rooms of an import that are filled side by side make the next call of a person
 * eight times as long; two at a time bring them in at two thirds of the speed.
 */
export function withPrecedence(homeserver: Homeserver, patience = PATIENCE): Precedence {
  let people = 0;
  let lastOfPeople = Number.NEGATIVE_INFINITY;
  let others = 0;
  let changed = Promise.withResolvers<void>();
  const tell = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const width = () => (performance.now() - lastOfPeople < AT_ONCE.for ? AT_ONCE.besidePeople : AT_ONCE.alone);

  async function takeTurn(): Promise<void> {
    const until = performance.now() + patience;
    for (;;) {
      const left = until - performance.now();
      if (others < width() && (people === 0 || left <= 0)) {
        others++;
        return;
      }
      await orAfter(left > 0 ? left : patience, changed.promise);
    }
  }
  return {
    first: {
      call: async (call) => {
        people++;
        try {
          return await homeserver.call(call);
        } finally {
          people--;
          lastOfPeople = performance.now();
          tell();
        }
      },
    },
    behind: {
      call: async (call) => {
        await takeTurn();
        try {
          return await homeserver.call(call);
        } finally {
          others--;
          tell();
        }
      },
    },
  };
}

async function orAfter(milliseconds: number, other: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, other]);
  clearTimeout(timer);
}
