/** The running parts of one stack, and whether they were asked to end. */
import type { RunningProcess } from "../base/processes.ts";
import { PARTS, type Part, type StateDirectory } from "./state.ts";

interface RunningPart {
  readonly process: RunningProcess;
  wanted: boolean;
}

export class Parts {
  readonly #state: StateDirectory;
  readonly #running = new Map<Part, RunningPart>();
  readonly #listeners: Array<(part: Part, how: string) => void> = [];

  constructor(state: StateDirectory) {
    this.#state = state;
  }

  /**
   * Runs `start`, which hands over its process as soon as it exists, and returns when the part answers. If the start fails,
   * its process is ended, which does not count as unexpected.
   */
  async launch<T>(part: Part, start: (onSpawn: (process: RunningProcess) => void) => Promise<T>): Promise<T> {
    if (this.#running.has(part)) throw new Error(`${part} is running already`);
    try {
      const result = await start((process) => {
        this.#running.set(part, { process, wanted: false });
        this.#state.remember(part, process);
      });
      this.#watch(part);
      return result;
    } catch (error) {
      await this.stop(part);
      throw error;
    }
  }

  #watch(part: Part): void {
    const running = this.#running.get(part);
    if (running === undefined) return;
    running.wanted = true;
    void running.process.ended.then((how) => {
      if (!running.wanted) return;
      this.#gone(part, running);
      for (const listener of this.#listeners) listener(part, how);
    });
  }

  onUnexpectedEnd(listener: (part: Part, how: string) => void): void {
    this.#listeners.push(listener);
  }

  pids(): { [part in Part]?: number } {
    return Object.fromEntries([...this.#running].map(([part, { process }]) => [part, process.pid]));
  }

  async stop(part: Part): Promise<void> {
    const running = this.#running.get(part);
    if (running === undefined) return;
    running.wanted = false;
    await running.process.stop();
    this.#gone(part, running);
  }

  async kill(part: Part, signal: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(part);
    if (running === undefined) return;
    running.wanted = false;
    running.process.kill(signal);
    await running.process.ended;
    this.#gone(part, running);
  }

  async stopAll(): Promise<void> {
    for (const part of PARTS) await this.stop(part);
  }

  #gone(part: Part, running: RunningPart): void {
    // A part that has been restarted must not be removed because its predecessor ended.
    if (this.#running.get(part) !== running) return;
    this.#running.delete(part);
    this.#state.forget(part);
  }
}
