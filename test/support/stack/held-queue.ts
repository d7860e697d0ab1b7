import { serialQueues } from "../../../src/jobs/serial.ts";
import type { TestStack } from "./stack.ts";

/**
 * Takes a queue's turn, so that none of its jobs runs until it is released: as if another process were busy with one.
 * @returns what releases it.
 */
export async function holdQueue(stack: TestStack, queue: string): Promise<() => Promise<void>> {
  const queues = serialQueues(stack.databaseUrl, 1, (error) => {
    throw error;
  });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: held, resolve: hold, reject } = Promise.withResolvers<void>();
  const turn = queues.run(queue, () => {
    hold();
    return released;
  });
  turn.catch(reject);
  await held;
  return async () => {
    release();
    await turn;
    await queues.close();
  };
}
