/**
 * `npm run bench [-- name ...] [--smoke]`: measurements, as ratios against a plain client on the same homeserver in the same
 * run, so that they mean the same on a slow machine and on a fast one.
 */
import { arrivals } from "./arrivals.ts";
import type { Bench } from "./bench.ts";

const BENCHES: readonly Bench[] = [arrivals];

const words = process.argv.slice(2);
const smoke = words.includes("--smoke");
const names = words.filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(", ")}. There are: ${BENCHES.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

for (const bench of BENCHES) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  console.log(`${bench.name}: ${bench.summary}`);
  const rows = await bench.run({ smoke, say: (line) => console.log(`  ${line}`) });
  console.table(
    Object.fromEntries(rows.map(({ what, measured, goal }) => [what, { measured, goal: goal ?? "" }])),
  );
}
process.exit(0);
