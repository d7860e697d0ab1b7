/** The running servers of one stack, and whether they were asked to end. */
import type { RunningProcess } from "../base/processes.ts";
import { SERVERS, type ServerName, type StateDirectory } from "./state.ts";

interface RunningServer {
  readonly process: RunningProcess;
  wanted: boolean;
}

export class RunningServers {
  readonly #state: StateDirectory;
  readonly #running = new Map<ServerName, RunningServer>();
  readonly #listeners: Array<(server: ServerName, how: string) => void> = [];

  constructor(state: StateDirectory) {
    this.#state = state;
  }

  /**
   * Runs `start`, which hands over its process as soon as it exists, and returns when the server answers. If the start fails,
   * its process is ended, which does not count as unexpected.
   */
  async launch<T>(
    server: ServerName,
    start: (onSpawn: (process: RunningProcess) => void) => Promise<T>,
  ): Promise<T> {
    if (this.#running.has(server)) throw new Error(`${server} is running already`);
    try {
      const result = await start((process) => {
        this.#running.set(server, { process, wanted: false });
        this.#state.remember(server, process);
      });
      this.#watch(server);
      return result;
    } catch (error) {
      await this.stop(server);
      throw error;
    }
  }

  #watch(server: ServerName): void {
    const running = this.#running.get(server);
    if (running === undefined) return;
    running.wanted = true;
    void running.process.ended.then((how) => {
      if (!running.wanted) return;
      this.#gone(server, running);
      for (const listener of this.#listeners) listener(server, how);
    });
  }

  onUnexpectedEnd(listener: (server: ServerName, how: string) => void): void {
    this.#listeners.push(listener);
  }

  pids(): { [server in ServerName]?: number } {
    return Object.fromEntries([...this.#running].map(([server, { process }]) => [server, process.pid]));
  }

  async stop(server: ServerName): Promise<void> {
    const running = this.#running.get(server);
    if (running === undefined) return;
    running.wanted = false;
    await running.process.stop();
    this.#gone(server, running);
  }

  async kill(server: ServerName, signal: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(server);
    if (running === undefined) return;
    running.wanted = false;
    running.process.kill(signal);
    await running.process.ended;
    this.#gone(server, running);
  }

  async stopAll(): Promise<void> {
    for (const server of SERVERS) await this.stop(server);
  }

  #gone(server: ServerName, running: RunningServer): void {
    // A server that has been restarted must not be removed because its predecessor ended.
    if (this.#running.get(server) !== running) return;
    this.#running.delete(server);
    this.#state.forget(server);
  }
}
