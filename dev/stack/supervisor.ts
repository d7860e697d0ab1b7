/** Keeps a stack running: restarts servers that end unexpectedly, and Whisper when its source changes. */
import { messageOf } from "../base/processes.ts";
import type { Progress } from "../base/progress.ts";
import type { Stack } from "./stack.ts";
import type { ServerName } from "./state.ts";

const TITLES: Readonly<Record<ServerName, string>> = {
  whisper: "Whisper",
  synapse: "Synapse",
  postgres: "PostgreSQL",
};
/** If a server keeps dying, a sixth start within a minute will not help. */
const MOST_RESTARTS = 5;
const WITHIN_MS = 60_000;

export class Supervisor {
  readonly #stack: Stack;
  readonly #progress: Progress;
  readonly #watching: boolean;
  readonly #giveUp: (reason: Error) => void;
  readonly #restarts: Array<{ server: ServerName; at: number }> = [];
  /** One restart at a time, in the order requested. */
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(stack: Stack, progress: Progress, watching: boolean, giveUp: (reason: Error) => void) {
    this.#stack = stack;
    this.#progress = progress;
    this.#watching = watching;
    this.#giveUp = giveUp;
    stack.onUnexpectedEnd((server, how) => this.#revive(server, how));
  }

  /** If the changed source does not start, this is reported, and the next change is awaited. */
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

  /** Allows no further restarts. Returns when the current one is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  #revive(server: ServerName, how: string): void {
    this.#enqueue(async () => {
      if (this.#stack.pids()[server] !== undefined) return;
      this.#progress.line(`  ! ${TITLES[server]} ended (${how}), restarting it`);
      const now = Date.now();
      const lately = this.#restarts.filter((each) => each.server === server && now - each.at < WITHIN_MS);
      if (lately.length >= MOST_RESTARTS)
        throw new Error(`${TITLES[server]} ended ${lately.length} times in a minute.`);
      this.#restarts.push({ server, at: now });
      // Anyone who edits the source breaks it now and then; that should not end their homeserver and database.
      if (server === "whisper" && this.#watching) return this.#startEdited(TITLES.whisper);
      await this.#progress.step(TITLES[server], () => this.#start(server));
    });
  }

  #start(server: ServerName): Promise<void> {
    switch (server) {
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
