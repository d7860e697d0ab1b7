/** Another Whisper on the same database and homeserver, for practices that want to survive the loss of a machine. */
import { join } from "node:path";
import { answers, type RunningProcess, startProcess, waitUntilReady } from "../../../dev/base/processes.ts";
import { REPOSITORY } from "../../../dev/base/repository.ts";
import { choosePorts } from "../../../dev/stack/ports.ts";
import type { Stack } from "../../../dev/stack/stack.ts";

export interface SecondWhisper {
  /** Its API. */
  readonly whisper: string;
  readonly log: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/**
 * Starts it on its own ports and waits until it is ready. It works on jobs like the first, but Synapse knows only the
 * first. `env`: settings, as for the first.
 */
export async function startSecondWhisper(stack: Stack, env: NodeJS.ProcessEnv = {}): Promise<SecondWhisper> {
  const ports = await choosePorts("auto");
  const log = join(stack.stateDir, "second-whisper.log");
  const child: RunningProcess = await startProcess({
    name: "the second Whisper",
    command: process.execPath,
    args: [join(REPOSITORY, "src", "cli.ts"), "serve", "--config", stack.configFile],
    cwd: REPOSITORY,
    env: {
      ...process.env,
      ...env,
      WHISPER_LISTEN__PORT: String(ports.whisper),
      WHISPER_GATE__LISTEN__PORT: String(ports.gate),
    },
    logFile: log,
  });
  const whisper = `http://127.0.0.1:${ports.whisper}`;
  await waitUntilReady(child, () => answers(`${whisper}/health/ready`), 60_000);
  return {
    whisper,
    log,
    stop: () => child.stop(),
    kill: async () => {
      child.kill("SIGKILL");
      await child.ended;
    },
  };
}
