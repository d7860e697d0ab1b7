/** Kills Whisper at every homeserver call in a sequence: before it is made, and before its answer is heard. */
import { startGreeted } from "./greeted.ts";
import { settled } from "./settled.ts";
import type { TestStack } from "./stack.ts";

/** A moment at which Whisper is killed. */
export interface Window {
  readonly when: "before" | "after";
  /** The number of the homeserver call since the sequence began, counted from 1. */
  readonly call: number;
}

export interface Sequence<Subject> {
  /** Makes a new subject for each window. Nothing is killed yet. */
  prepare(window: Window): Promise<Subject>;
  /** Begins the sequence in which Whisper is killed. It may fail when Whisper goes. */
  begin(subject: Subject): Promise<unknown>;
  /** Waits until the sequence has ended, and fails unless it went as it should. */
  verify(subject: Subject): Promise<void>;
  /** For long sequences: kills at every nth call only. With `EVERY_WINDOW=1`, at every call. */
  readonly stride?: number;
}

/** More calls than any sequence makes, so that an endless sequence fails and does not run for ever. */
const MOST_CALLS = 60;

/**
 * Runs the sequence with Whisper killed by SIGKILL at its first call, then at its second, and so on. Each time Whisper
 * is started again. Stops when a run ends without reaching the next call.
 * @returns the calls at which Whisper was killed.
 */
export async function throughEveryWindow<Subject>(
  stack: TestStack,
  when: Window["when"],
  sequence: Sequence<Subject>,
): Promise<string[]> {
  const killedAt: string[] = [];
  const stride = process.env.EVERY_WINDOW ? 1 : (sequence.stride ?? 1);
  for (let call = 1; call <= MOST_CALLS; call += stride) {
    const window: Window = { when, call };
    const subject = await sequence.prepare(window);
    // Only the sequence's own calls are counted: not those of the start before it, nor the search for missing events.
    await settled(stack, { gaps: true });
    const killed = Promise.withResolvers<string>();
    let reached = false;
    const fault = stack.proxy.inject({
      when,
      match: { token: stack.appserviceToken, path: /^(?!.*\/account\/whoami$)/ },
      nth: call,
      act: async ({ method, path }) => {
        reached = true;
        await stack.killWhisper();
        killed.resolve(`${method} ${path}`);
        // Before: Synapse never hears of it. After: it is done, and Whisper never hears that.
        return when === "before" ? { kind: "drop" } : { kind: "pass" };
      },
    });
    const where = `Whisper was killed ${when} call ${call}`;
    try {
      // It may fail when Whisper goes. Whether it should have been done is for `verify` to say.
      let failed: unknown;
      sequence.begin(subject).catch((error: unknown) => {
        failed = error;
      });
      const verified = sequence.verify(subject);
      verified.catch(() => undefined);
      const first = await Promise.race([killed.promise, verified.then(() => undefined)]);
      // A call's effect can be seen before its answer is heard, and nobody sees the last calls. So the sequence has
      // ended when Whisper has nothing left to do.
      if (first === undefined) await Promise.race([killed.promise, settled(stack)]);
      if (!reached) return killedAt;
      killedAt.push(await killed.promise);
      await startGreeted(stack);
      await verified.catch((error: unknown) => {
        const sentence = (reason: unknown) => (reason instanceof Error ? reason.message : String(reason));
        const began = failed === undefined ? "" : `; what began it had failed: ${sentence(failed)}`;
        throw new Error(`${where} (${killedAt.at(-1)}): ${sentence(error)}${began}`, { cause: error });
      });
    } finally {
      fault.cancel();
    }
  }
  throw new Error(`the sequence still made calls of the homeserver after ${MOST_CALLS}`);
}
