/** The table of metrics in docs/operating.md, from the registry in which the code registers them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics } from "../../src/api/metrics.ts";
import { arrivalMetrics } from "../../src/arrivals/record/metrics.ts";
import { smsMetrics } from "../../src/sms/record/metrics.ts";
import { openDatabase } from "../../src/store/database.ts";
import { REPOSITORY } from "../base/repository.ts";

const FIRST = "<!-- Metrics: `npm run generate` writes this table. -->\n";
const LAST = "<!-- End of the metrics. -->\n";

/** @returns docs/operating.md with its table rewritten. @throws if the page lacks the lines around the table. */
export function operatingPage(): string {
  const page = readFileSync(join(REPOSITORY, "docs/operating.md"), "utf8");
  const from = page.indexOf(FIRST);
  const to = page.indexOf(LAST);
  if (from < 0 || to < from) throw new Error(`docs/operating.md needs the lines ${FIRST}${LAST}`);
  return `${page.slice(0, from)}${FIRST}\n${metricsTable()}\n${page.slice(to)}`;
}

/** The fields that prom-client keeps for a metric, more than its types show. */
interface Registered {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

function metricsTable(): string {
  // Never connected to: only a scrape asks the database.
  const database = openDatabase({ url: "postgres://127.0.0.1:1/none" });
  const { registry } = createMetrics(database);
  arrivalMetrics(registry, database);
  smsMetrics(registry, database);
  const ours = (registry.getMetricsAsArray() as unknown as Registered[]).filter(({ name }) =>
    name.startsWith("whisper_"),
  );
  const rows = ours.map(({ name, type, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${labels} | ${help} |\n`;
  });
  return `| metric | type | labels | what it is |\n|---|---|---|---|\n${rows.join("")}`;
}
