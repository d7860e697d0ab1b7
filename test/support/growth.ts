/** Checks that work on other people's text grows no faster than the text. */
import { expect } from "chai";

/** Four times the text: linear work takes four times as long, quadratic work sixteen times. */
const MOST_GROWTH = 9;
/**
 * The most rounds. While growth is too great there is another round: the lowest figure only falls, to what the work
 * really costs.
 */
const ROUNDS = 8;
/** The least CPU that one measurement takes, in microseconds. Shorter work is repeated. */
const LONG_ENOUGH = 1_000;
/** Work that takes this many microseconds at a time is not repeated. It is measured well enough, or is hopeless. */
const HOPELESS = 2_000_000;

/**
 * Does the work on hostile text of 1, 2 and 4 times the allowed maximum, and compares this thread's CPU time. Clock
 * time would count whatever else the machine does. The lowest figure of several rounds counts, as garbage collections
 * miss it. With long texts there is always a collection, so growth that seems too fast is measured again from 4 to 16
 * times the text, where both have one: work that really grows faster grows as much there.
 * @param text makes the hostile text with a size in characters; not measured.
 */
export async function expectLinear<T>(
  most: number,
  text: (size: number) => T,
  work: (text: T) => unknown,
): Promise<void> {
  const texts = [1, 2, 4].map((times) => text(times * most));
  // Work that costs no more than copying the text a few times is too small to compare: it depends on where large
  // strings are kept.
  const copied = await leastOf(2, () => JSON.parse(JSON.stringify(texts[2])));
  const least = texts.map(() => Number.POSITIVE_INFINITY);
  let growth = Number.POSITIVE_INFINITY;
  // Code is slow until it has been compiled. That would make the shortest text look expensive and the growth small.
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

/** The lowest of several measurements, or of one if that alone took too long. */
async function leastOf(rounds: number, work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && !(least < Number.POSITIVE_INFINITY && least > HOPELESS); round++)
    least = Math.min(least, await cpuOf(work));
  return least;
}

/** The CPU that one run of the work takes, in microseconds. */
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

/** Repeats `piece` until the text is `size` characters long. It is one flat string, as text from the network is. */
export const repeated = (piece: string, size: number): string =>
  Buffer.from(piece.repeat(Math.ceil(size / piece.length)))
    .toString()
    .slice(0, size);
