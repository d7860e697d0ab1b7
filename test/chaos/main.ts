/**
 * `npm run chaos [-- name ...] [--smoke]`: things fail in the middle of everything, and nothing may be lost or doubled.
 * Each scenario prints what it did. The run fails when one finds something wrong.
 */
import { arrivalsDay } from "./arrivals/arrivals-day.ts";
import type { Findings, Scenario } from "./scenario.ts";
import { smsDay } from "./sms/sms-day.ts";
import { writingDay } from "./writing/writing-day.ts";

const SCENARIOS: readonly Scenario[] = [arrivalsDay, writingDay, smsDay];

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
    // A wait that times out is a finding too: the awaited thing never came.
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
