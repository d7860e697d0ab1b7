/** Holds work on other people's text to growing no faster than the text. */
import { expect } from "chai";

/** Four times the text: linear work takes four times as long, quadratic work sixteen times. */
const MOST_GROWTH = 9;
/** Rounds at most. Another is made while the growth is too great: the least of each can only fall, to what the work costs. */
const ROUNDS = 20;
/** Microseconds of CPU that one measurement takes at least, by repeating the work. */
const LONG_ENOUGH = 1_000;
/** Work that takes this much at once, in microseconds, is not repeated: it is measured well enough, or is hopeless. */
const HOPELESS = 2_000_000;

/**
 * Does the work on hostile text of 1, 2 and 4 times the allowed maximum, and compares the CPU of this thread: never the
 * clock, which counts what the machine does besides. The least of some rounds counts, which collections of garbage miss.
 * @param text the hostile text of a size in characters; not measured.
 */
export async function expectLinear<T>(
  most: number,
  text: (size: number) => T,
  work: (text: T) => unknown,
): Promise<void> {
  const texts = [1, 2, 4].map((times) => text(times * most));
  const least = texts.map(() => Number.POSITIVE_INFINITY);
  const copied = texts.map(() => Number.POSITIVE_INFINITY);
  let growth = Number.POSITIVE_INFINITY;
  // Code is slow until it has been compiled, which would make the shortest text look dear and the growth small.
  for (let warm = 0; warm < 3; warm++) await cpuOf(() => work(texts[0] as T));
  for (let round = 0; round < 4 || (round < ROUNDS && growth >= MOST_GROWTH); round++) {
    for (const [index, each] of texts.entries()) {
      least[index] = Math.min(least[index] ?? 0, await cpuOf(() => work(each)));
      copied[index] = Math.min(copied[index] ?? 0, await cpuOf(() => JSON.parse(JSON.stringify(each))));
    }
    const [once = 0, twice = 0, fourTimes = 0] = least;
    const [copyOnce = 0, , copyFourTimes = 0] = copied;
    // Large strings are kept elsewhere, and a busy machine has little cache left: where a mere copy costs more than four
    // times as much, so may the work. Work that costs no more than to copy the text a few times is too little to compare.
    const machine = Math.max(1, copyFourTimes / copyOnce / 4);
    growth = Math.max(twice, fourTimes) / Math.max(once, copyFourTimes / 2) / machine;
    if (fourTimes > HOPELESS) break;
  }
  const shown = least.map((cpu) => `${cpu.toFixed(1)} µs`).join(", ");
  expect(growth, `CPU for 1, 2 and 4 times the text: ${shown}`).to.be.lessThan(MOST_GROWTH);
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
