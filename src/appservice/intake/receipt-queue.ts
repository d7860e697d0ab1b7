/** Receipts that wait to be stored. */
export interface ReceiptQueue {
  /** Accepts receipts. Resolves immediately, or once they are stored if more than `MOST_WAITING` are waiting. */
  add(events: readonly unknown[]): Promise<void>;
  /** Resolves once everything accepted is stored or reported as lost. */
  idle(): Promise<void>;
}

/** About 5 MB of receipts. Beyond that Synapse waits, so that memory stays bounded while the database is slow. */
const MOST_WAITING = 10_000;

/**
 * Stores receipts after the transaction that brought them has been answered: by design they may be lost, so a message
 * behind them must not wait for them. Receipts that arrive meanwhile are stored together.
 * @param onLost called when receipts could not be stored. They are not retried: newer ones replace them, and
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

/** Typing and presence arrive the same way and are not used here. */
const isReceipt = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "type" in event && event.type === "m.receipt";
