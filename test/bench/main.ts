/**
 * `npm run bench [-- name ...] [--smoke]`: measures Whisper and a raw client in turns on the same Synapse in one run,
 * since figures from two runs or two machines cannot be compared. Prints one table. A missed goal is not an error; a
 * bench that could not run is. `-- --help` says which there are and how long each takes.
 */
import { loadavg } from "node:os";
import { arrivalLatency } from "./arrival-latency.ts";
import { arrivalQueue } from "./arrival-queue.ts";
import { arrivalRate } from "./arrival-rate.ts";
import type { Bench, Figure } from "./bench.ts";
import { callbacks } from "./callbacks.ts";
import { costOfAChange } from "./cost-of-a-change.ts";
import { directory } from "./directory.ts";
import { firstImport } from "./first-import.ts";
import { gate } from "./gate.ts";
import { intake } from "./intake.ts";
import { membership } from "./membership.ts";
import { smsLatency } from "./sms/sms-latency.ts";
import { table } from "./table.ts";

const BENCHES: readonly Bench[] = [
  arrivalLatency,
  arrivalRate,
  arrivalQueue,
  intake,
  callbacks,
  gate,
  membership,
  costOfAChange,
  firstImport,
  directory,
  smsLatency,
];

const words = process.argv.slice(2);
if (words.includes("--help")) {
  console.log(
    `npm run bench [-- name ... --smoke]: all of them, or those that are named. A full run takes about:\n`,
  );
  for (const { name, minutes, summary } of BENCHES)
    console.log(`  ${name.padEnd(17)} ${String(minutes).padStart(2)} min  ${summary}`);
  process.exit(0);
}
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
  const began = performance.now();
  try {
    figures.push(...(await bench.run({ smoke, say: (line) => console.log(`  ${line}`) })));
  } catch (error) {
    console.error(`  COULD NOT RUN:`, error);
    failed = true;
  }
  console.log(`  took ${((performance.now() - began) / 60_000).toFixed(1)} min`);
}
console.log(`\n${table(figures)}\n\n${load()}${smoke ? "; a smoke: the figures mean little" : ""}`);
process.exit(failed ? 1 : 0);
