/** `npm run coverage` prints what is tested as Markdown, from the tests' names. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { REPOSITORY } from "../base/repository.ts";

/** Unit tests are counted by subject (`each: false`); all others are listed by name. */
const FOLDERS = [
  { folder: "test/e2e", title: "Through a real homeserver, with real clients", each: true },
  { folder: "test/integration", title: "On a real database", each: true },
  { folder: "test/docker", title: "In containers", each: true },
  { folder: "test/unit", title: "Rules and parsers", each: false },
] as const;

const HEADER = "# What is tested\n";

const report = z.object({
  tests: z.array(z.object({ title: z.string(), fullTitle: z.string(), file: z.string() })),
});
type Test = z.infer<typeof report>["tests"][number];

function chapter({ folder, each }: (typeof FOLDERS)[number]): string[] {
  const tests = namesIn(folder);
  const subjects = Map.groupBy(tests, ({ title, fullTitle }) => fullTitle.slice(0, -title.length).trim());
  return [...subjects].flatMap(([subject, all]) => {
    const where = `${fileOf(all)}`;
    if (!each) return [`- ${subject}: ${all.length} ${all.length === 1 ? "test" : "tests"}, ${where}`];
    return [`- **${subject}** (${where})`, ...all.map(({ title }) => `  - ${title}`)];
  });
}

const fileOf = (tests: readonly Test[]): string => relative(REPOSITORY, tests[0]?.file ?? "");

/** Mocha loads the specs without running them. */
function namesIn(folder: string): readonly Test[] {
  const specs = readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .map((file) => join(folder, file));
  if (specs.length === 0) return [];
  const mocha = join(REPOSITORY, "node_modules", "mocha", "bin", "mocha.js");
  const args = [mocha, "--no-config", "--dry-run", "--exit", "--reporter", "json", ...specs];
  const output = execFileSync(process.execPath, args, {
    cwd: REPOSITORY,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, EVERY_WINDOW: "" },
  });
  return report.parse(JSON.parse(output.slice(output.indexOf("{")))).tests;
}

process.stdout.write(
  [HEADER, ...FOLDERS.flatMap((part) => [`## ${part.title}\n`, ...chapter(part), ""])].join("\n"),
);
