import { open } from "node:fs/promises";
import type { Logger } from "pino";
import { type Checkpoint, checkpointLine, parseCheckpoint } from "./checkpoint.ts";
import * as words from "./words.ts";

/** Where checkpoints are written besides the database: whoever replaces the database cannot replace them with it. */
export type Anchor = (checkpoint: Checkpoint) => Promise<void>;

/**
 * A file, a checkpoint a line. A line that cannot be written is reported and not repeated: the next checkpoint says all
 * that it would have said.
 */
export const anchorFile =
  (path: string, log: Logger): Anchor =>
  async (checkpoint) => {
    try {
      await using file = await open(path, "a", 0o600);
      await file.write(checkpointLine(checkpoint));
      await file.sync();
    } catch (error) {
      log.error({ err: error }, "could not write a checkpoint to audit.anchor");
    }
  };

/** The anchor is not where it should be. The message says what to do. */
export class UnreadableAnchor extends Error {
  override readonly name = "UnreadableAnchor";
}

/**
 * The checkpoints of an anchor file, in its order. Lines that are none are left out: a crash may have cut one.
 * @throws UnreadableAnchor
 */
export async function* readAnchor(path: string): AsyncGenerator<Checkpoint> {
  await using file = await open(path).catch((error: unknown) => {
    throw new UnreadableAnchor(words.noAnchorFile(path), { cause: error });
  });
  for await (const line of file.readLines()) {
    const checkpoint = parseCheckpoint(line);
    if (checkpoint !== null) yield checkpoint;
  }
}
