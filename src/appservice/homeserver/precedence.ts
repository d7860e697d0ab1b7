import type { Homeserver } from "./homeserver.ts";

/** Concurrent calls while nobody waits for anything, and the number for some time (milliseconds) after someone did. */
const AT_ONCE = { alone: 8, besidePeople: 2, for: 10_000 } as const;

export interface Precedence {
  /** For calls that a person waits for. */
  readonly first: Homeserver;
  /** For all other calls: each waits, for a bounded time, until none of the first kind is in progress. */
  readonly behind: Homeserver;
}

/**
 * Synapse handles one request at a time. Filling eight rooms of an import side by side makes a person's next call take
 * eight times as long; two at a time fill them at two thirds of the speed.
 * @param patience the longest that a call gives way, in milliseconds.
 */
export function withPrecedence(homeserver: Homeserver, patience: number): Precedence {
  let people = 0;
  let lastOfPeople = Number.NEGATIVE_INFINITY;
  let others = 0;
  let changed = Promise.withResolvers<void>();
  const wake = () => {
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
          wake();
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
          wake();
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
