/** Keeps the parts of a stack running: starts again what ended unasked, and Whisper when its source has changed. */
import { messageOf } from "../base/processes.ts";
import type { Progress } from "../base/progress.ts";
import type { Stack } from "./stack.ts";
import type { Part } from "./state.ts";

const TITLES: Readonly<Record<Part, string>> = {
  whisper: "Whisper",
  synapse: "Synapse",
  postgres: "PostgreSQL",
};
/** A part that keeps dying is not helped by a sixth start within a minute. */
const MOST_RESTARTS = 5;
const WITHIN_MS = 60_000;

export class Supervisor {
  readonly #stack: Stack;
  readonly #progress: Progress;
  readonly #watching: boolean;
  readonly #giveUp: (reason: Error) => void;
  readonly #restarts: Array<{ part: Part; at: number }> = [];
  /** One thing at a time, in the order asked for. */
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(stack: Stack, progress: Progress, watching: boolean, giveUp: (reason: Error) => void) {
    this.#stack = stack;
    this.#progress = progress;
    this.#watching = watching;
    this.#giveUp = giveUp;
    stack.onUnexpectedEnd((part, how) => this.#revive(part, how));
  }

  /** A new source that does not start is reported, and waits for the next change. */
  sourceChanged(file: string): void {
    this.#enqueue(async () => {
      await this.#stack.stopWhisper();
      await this.#startEdited(`Whisper: restarted (${file})`);
    });
  }

  async #startEdited(title: string): Promise<void> {
    try {
      await this.#progress.step(title, () => this.#stack.startWhisper());
    } catch (error) {
      this.#progress.line(`\n${messageOf(error)}\n\n  ! Whisper starts again at the next change in src/.\n`);
    }
  }

  /** No restarts from here on; returns when the one under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  #revive(part: Part, how: string): void {
    this.#enqueue(async () => {
      if (this.#stack.pids()[part] !== undefined) return;
      this.#progress.line(`  ! ${TITLES[part]} ended (${how}), starting it again`);
      const now = Date.now();
      const lately = this.#restarts.filter((each) => each.part === part && now - each.at < WITHIN_MS);
      if (lately.length >= MOST_RESTARTS)
        throw new Error(`${TITLES[part]} ended ${lately.length} times in a minute.`);
      this.#restarts.push({ part, at: now });
      // Whoever edits the source breaks it now and then; their homeserver and database should not end for it.
      if (part === "whisper" && this.#watching) return this.#startEdited(TITLES.whisper);
      await this.#progress.step(TITLES[part], () => this.#start(part));
    });
  }

  #start(part: Part): Promise<void> {
    switch (part) {
      case "whisper":
        return this.#stack.startWhisper();
      case "synapse":
        return this.#stack.startSynapse();
      case "postgres":
        return this.#stack.startPostgres();
    }
  }

  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#stopped) return;
      try {
        await task();
      } catch (error) {
        this.#stopped = true;
        this.#giveUp(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }
}
