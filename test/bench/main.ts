/**
 * `npm run bench [-- name ...] [--smoke]`: measures Whisper beside a raw client on the same Synapse, taking turns in one
 * run, since figures of two runs or two machines cannot be compared. Prints one table. A goal that is missed is not an
 * error; a bench that could not run is.
 */
import { loadavg } from "node:os";
import { arrivalLatency } from "./arrival-latency.ts";
import { arrivalRate } from "./arrival-rate.ts";
import type { Bench, Figure } from "./bench.ts";
import { callbacks } from "./callbacks.ts";
import { costOfAChange } from "./cost-of-a-change.ts";
import { directory } from "./directory.ts";
import { firstImport } from "./first-import.ts";
import { gate } from "./gate.ts";
import { intake } from "./intake.ts";
import { membership } from "./membership.ts";
import { table } from "./table.ts";

const BENCHES: readonly Bench[] = [
  arrivalLatency,
  arrivalRate,
  intake,
  callbacks,
  gate,
  membership,
  costOfAChange,
  firstImport,
  directory,
];

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

const load = () =>
  `load ${loadavg()
    .map((each) => each.toFixed(1))
    .join(" ")}`;
const figures: Figure[] = [];
let failed = false;
for (const bench of BENCHES) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  console.log(`${bench.name}: ${bench.summary} (${load()})`);
  try {
    figures.push(...(await bench.run({ smoke, say: (line) => console.log(`  ${line}`) })));
  } catch (error) {
    console.error(`  COULD NOT RUN:`, error);
    failed = true;
  }
}
console.log(`\n${table(figures)}\n\n${load()}${smoke ? "; a smoke: the figures mean little" : ""}`);
process.exit(failed ? 1 : 0);
