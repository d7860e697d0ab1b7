/** Receipts that wait to be stored. */
export interface ReceiptQueue {
  /** Takes receipts in. Resolves at once; when more than `MOST_WAITING` wait already, once they are stored. */
  add(events: readonly unknown[]): Promise<void>;
  /** Resolves when everything that was taken in is stored, or has been reported as lost. */
  idle(): Promise<void>;
}

/** About 5 MB of receipts. Beyond that Synapse waits, so that memory stays bounded while the database is slow. */
const MOST_WAITING = 10_000;

/**
 * Stores receipts after the transaction that brought them has been answered: they may be lost by design, so a message
 * behind them must not wait for them. Those that come meanwhile are stored together.
 * @param onLost told when receipts could not be stored. They are not tried again: newer ones replace them, and
 * `findLostReceipts` asks Synapse for what was read.
 */
export function receiptQueue(
  store: (events: readonly unknown[]) => Promise<void>,
  onLost: (error: unknown) => void,
): ReceiptQueue {
  let waiting: unknown[] = [];
  let running: Promise<void> | undefined;

  const storeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await store(batch).catch(onLost);
    }
  };
  const start = () => {
    running ??= storeAll().finally(() => {
      running = undefined;
      if (waiting.length > 0) start();
    });
  };
  const idle = async () => {
    while (running) await running;
  };
  return {
    add: async (events) => {
      waiting = waiting.concat(events.filter(isReceipt));
      if (waiting.length === 0) return;
      const full = waiting.length > MOST_WAITING;
      start();
      if (full) await idle();
    },
    idle,
  };
}

/** Typing and presence come the same way, and are of no use here. */
const isReceipt = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "type" in event && event.type === "m.receipt";
