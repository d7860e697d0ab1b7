import { eventually } from "../support/eventually.ts";
import type { TestStack } from "../support/stack/stack.ts";

/** Something that goes on while Whisper is killed. */
export interface Happening {
  /** How much has begun, from 0 to 1. */
  readonly progress: number;
  readonly finished: boolean;
}

/**
 * Kills Whisper each time another part of the day is over, and starts it again.
 * @param kill ends the process, at the moment that it chooses.
 */
export async function killAgainAndAgain(
  stack: TestStack,
  day: Happening,
  kills: number,
  kill: (nth: number) => Promise<unknown>,
  say: (line: string) => void,
): Promise<void> {
  for (let nth = 1; nth <= kills; nth += 1) {
    await eventually("the day to go on", () => day.finished || day.progress >= nth / (kills + 1), 600_000);
    if (day.finished) throw new Error(`the day was over before kill ${nth}`);
    await kill(nth);
    await stack.startWhisper();
    say(`killed and started again ${nth} of ${kills}, ${Math.round(day.progress * 100)} % of the day begun`);
  }
}
