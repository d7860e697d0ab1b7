/** Holds work on other people's text to growing no faster than the text. */
import { expect } from "chai";

/** Four times the text: linear work takes four times as long, quadratic work sixteen times. */
const MOST_GROWTH = 9;
/** Rounds at most. Another is made while the growth is too great: the least of each can only fall, to what the work costs. */
const ROUNDS = 8;
/** Microseconds of CPU that one measurement takes at least, by repeating the work. */
const LONG_ENOUGH = 1_000;
/** Work that takes this much at once, in microseconds, is not repeated: it is measured well enough, or is hopeless. */
const HOPELESS = 2_000_000;

/**
 * Does the work on hostile text of 1, 2 and 4 times the allowed maximum, and compares the CPU of this thread: never the
 * clock, which counts what the machine does besides. The least of some rounds counts, which collections of garbage miss.
 * Long texts are never without them, so what seems to grow too fast is looked at again from 4 to 16 times the text, where
 * neither is: work that really grows faster grows as much there.
 * @param text the hostile text of a size in characters; not measured.
 */
export async function expectLinear<T>(
  most: number,
  text: (size: number) => T,
  work: (text: T) => unknown,
): Promise<void> {
  const texts = [1, 2, 4].map((times) => text(times * most));
  // Work that costs no more than to copy the text a few times is too little to be compared: where large strings are
  // kept makes the difference.
  const copied = await leastOf(2, () => JSON.parse(JSON.stringify(texts[2])));
  const least = texts.map(() => Number.POSITIVE_INFINITY);
  let growth = Number.POSITIVE_INFINITY;
  // Code is slow until it has been compiled, which would make the shortest text look dear and the growth small.
  for (let warm = 0; warm < 3; warm++) await cpuOf(() => work(texts[0] as T));
  for (let round = 0; round < 2 || (round < ROUNDS && growth >= MOST_GROWTH); round++) {
    for (const [index, each] of texts.entries()) {
      least[index] = Math.min(least[index] ?? 0, await cpuOf(() => work(each)));
    }
    const [once = 0, twice = 0, fourTimes = 0] = least;
    growth = Math.max(twice, fourTimes) / Math.max(once, copied / 2);
    if (fourTimes > HOPELESS) break;
  }
  const shown = `CPU for 1, 2 and 4 times the text: ${least.map((cpu) => `${cpu.toFixed(1)} µs`).join(", ")}`;
  if (growth < MOST_GROWTH) return;
  const longest = text(16 * most);
  const sixteenTimes = await leastOf(3, () => work(longest));
  expect(
    sixteenTimes / (least[2] ?? 0),
    `${shown}; for 16 times: ${sixteenTimes.toFixed(1)} µs`,
  ).to.be.lessThan(MOST_GROWTH);
}

/** The least of some measurements; of one, when that took too long already. */
async function leastOf(rounds: number, work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && !(least < Number.POSITIVE_INFINITY && least > HOPELESS); round++)
    least = Math.min(least, await cpuOf(work));
  return least;
}

/** Microseconds of CPU that the work takes once. */
async function cpuOf(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  let times = 0;
  for (;;) {
    await work();
    times += 1;
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= LONG_ENOUGH) return (user + system) / times;
  }
}

/** `piece` again and again, as long as `size`; one flat string, as text that comes over the network is. */
export const repeated = (piece: string, size: number): string =>
  Buffer.from(piece.repeat(Math.ceil(size / piece.length)))
    .toString()
    .slice(0, size);
