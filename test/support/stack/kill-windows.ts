/** Kills Whisper at every call of the homeserver that a sequence makes: before it is made, and before its answer is heard. */
import { settled } from "./settled.ts";
import type { TestStack } from "./stack.ts";

/** One place at which Whisper is killed. */
export interface Window {
  readonly when: "before" | "after";
  /** The how-many-th call of the homeserver since the sequence began, counted from 1. */
  readonly call: number;
}

export interface Sequence<Subject> {
  /** Makes what the sequence is about, anew for each window; nothing is killed yet. */
  prepare(window: Window): Promise<Subject>;
  /** Begins what Whisper is then killed in the middle of. It may fail when Whisper goes. */
  begin(subject: Subject): Promise<unknown>;
  /** Waits until the sequence has come to its end, and fails unless it went as it should. */
  verify(subject: Subject): Promise<void>;
  /** Kills at every so-many-th call only, where a sequence is long; at every call with `EVERY_WINDOW=1`. */
  readonly stride?: number;
}

/** More calls than any sequence makes: that one never ends is a failure, not a test that runs for ever. */
const MOST_CALLS = 60;

/**
 * Runs the sequence with Whisper killed by SIGKILL at its first call, then at its second, and so on, starting it again
 * each time, until a run comes to its end without reaching the next call.
 * @returns the calls at which it was killed.
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
    // Nothing but the sequence's own calls is counted: not those of the start before it, nor what looks for gaps then.
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
        // Before: Synapse never hears of it. After: it is done, and Whisper never hears of that.
        return when === "before" ? { kind: "drop" } : { kind: "pass" };
      },
    });
    const where = `Whisper was killed ${when} call ${call}`;
    try {
      const begun = sequence.begin(subject);
      begun.catch(() => undefined);
      const verified = sequence.verify(subject);
      verified.catch(() => undefined);
      const first = await Promise.race([killed.promise, verified.then(() => undefined)]);
      // What a call brings about is seen before its answer is heard, and the last calls of all are not seen by anybody:
      // the sequence has come to its end when Whisper has nothing left to do.
      if (first === undefined) await Promise.race([killed.promise, settled(stack)]);
      if (!reached) return killedAt;
      killedAt.push(await killed.promise);
      await stack.startWhisper();
      await verified.catch((error: unknown) => {
        throw new Error(
          `${where} (${killedAt.at(-1)}): ${error instanceof Error ? error.message : String(error)}`,
          {
            cause: error,
          },
        );
      });
    } finally {
      fault.cancel();
    }
  }
  throw new Error(`the sequence still made calls of the homeserver after ${MOST_CALLS}`);
}
