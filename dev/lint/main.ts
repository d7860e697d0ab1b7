/**
 * The part of `npm run lint` that no tool has: regular expressions that a text could keep working for ever, links that lead
 * nowhere, files that are too long, folders that are too full, and tables that a folder uses without owning them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GATED_PATHS } from "../../src/appservice/gate/passage/gated-paths.ts";
import { REPOSITORY } from "../base/repository.ts";
import { fullFolders } from "./full-folders.ts";
import { judgeAndKeep } from "./linear.ts";
import { brokenLinks } from "./links.ts";
import { longFiles } from "./long-files.ts";
import { type Expression, regexesIn, type Unknown } from "./regexes.ts";
import { tableProblems } from "./table-owners.ts";

const FOLDERS = ["src", "web"];
/** Files whose expressions come from a table, with the table's contents. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  "src/appservice/gate/passage/gated-paths.ts": GATED_PATHS.map(({ pattern }) => pattern),
};

function filesIn(folder: string): string[] {
  try {
    return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => `${folder}/${name}`)
      .sort();
  } catch {
    return []; // there is no such folder yet
  }
}

function expressionsOf(file: string): (Expression | Unknown)[] {
  const found = regexesIn(file, readFileSync(join(REPOSITORY, file), "utf8"));
  const table = TABLES[file];
  if (table === undefined) return found;
  const made = table.map((source) => ({ at: `${file} (table)`, source, flags: "" }));
  return [...found.filter((each) => !("unknown" in each)), ...made];
}

const { judge, keep } = judgeAndKeep();
let looked = 0;
for (const each of FOLDERS.flatMap(filesIn).flatMap(expressionsOf)) {
  looked += 1;
  const problem = "unknown" in each ? each.unknown : judge(each);
  if (problem === null) continue;
  const shown = "unknown" in each ? "a regular expression" : `/${each.source}/${each.flags}`;
  process.stderr.write(`${each.at}: ${shown}: ${problem}\n`);
  process.exitCode = 1;
}
keep();
for (const problem of [
  ...brokenLinks(),
  ...longFiles(),
  ...fullFolders(REPOSITORY, ["src", "test", "dev"]),
  ...tableProblems(),
]) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
if (looked === 0) throw new Error("no regular expressions were found, so this check is broken");
