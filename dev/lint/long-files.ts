/** Checks that no code file is longer than a person can read in one go. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../base/repository.ts";

const MOST_LINES = 300;

/** @returns a sentence for each file that is too long. */
export function longFiles(): string[] {
  const files = ["src", "dev", "test", "docker"].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  return files.sort().flatMap((file) => {
    const lines = readFileSync(join(REPOSITORY, file), "utf8").split("\n").length - 1;
    return lines > MOST_LINES ? [`${file} has ${lines} lines: split it by topic`] : [];
  });
}
