/** Nothing that the tests run may be deprecated: a warning of it today is a failure after the next upgrade. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const directory = mkdtempSync(join(tmpdir(), "whisper-deprecations-"));
process.env.DEPRECATIONS_FILE = join(directory, "found");
const preload = pathToFileURL(join(import.meta.dirname, "note-deprecations.ts")).href;
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import=${preload}`.trim();
// After its file is named.
await import("./note-deprecations.ts");

/** @throws Error with what was warned of in this process, or in one that it started. */
export function expectNoDeprecations(file = join(directory, "found")): void {
  const found = read(file);
  rmSync(directory, { recursive: true, force: true });
  if (found !== "") throw new Error(`what the tests ran is deprecated:\n${found}`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
