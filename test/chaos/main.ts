/**
 * `npm run chaos [-- name ...] [--smoke]`: things go wrong in the middle of everything, and nothing may be lost or
 * doubled. Each scenario prints what it did; the run fails when one of them finds something that is not as it should be.
 */
import { arrivalsDay } from "./arrivals-day.ts";
import type { Findings, Scenario } from "./scenario.ts";

const SCENARIOS: readonly Scenario[] = [arrivalsDay];

const words = process.argv.slice(2);
const smoke = words.includes("--smoke");
const names = words.filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(", ")}. There are: ${SCENARIOS.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

let failed = false;
for (const scenario of SCENARIOS) {
  if (names.length > 0 && !names.includes(scenario.name)) continue;
  console.log(`${scenario.name}: ${scenario.summary}`);
  const { rows, faults } = await scenario
    .run({ smoke, say: (line) => console.log(`  ${line}`) })
    // A wait in vain is a finding too: what was waited for never came.
    .catch(
      (error: unknown): Findings => ({
        rows: [],
        faults: [error instanceof Error ? error.message : String(error)],
      }),
    );
  console.table(Object.fromEntries(rows.map(([what, value]) => [what, { "": value }])));
  for (const fault of faults.slice(0, 20)) console.error(`  NOT AS IT SHOULD BE: ${fault}`);
  if (faults.length > 20) console.error(`  … and ${faults.length - 20} more`);
  failed ||= faults.length > 0;
}
process.exit(failed ? 1 : 0);
