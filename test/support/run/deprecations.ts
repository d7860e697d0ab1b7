/** Nothing that the tests run may be deprecated: today's warning is a failure after the next upgrade. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import "./temporary-folder.ts";

// A worker of `mocha --parallel` writes to the file of the process that started it.
if (process.env.MOCHA_WORKER_ID === undefined) {
  process.env.DEPRECATIONS_FILE = join(mkdtempSync(join(tmpdir(), "whisper-deprecations-")), "found");
  const preload = pathToFileURL(join(import.meta.dirname, "note-deprecations.ts")).href;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import=${preload}`.trim();
  // Reads the variable when it is loaded.
  await import("./note-deprecations.ts");
}

/** @throws Error with the warnings of this process and of all that it started. */
export function expectNoDeprecations(file = process.env.DEPRECATIONS_FILE): void {
  if (file === undefined) throw new Error("DEPRECATIONS_FILE is not set");
  const found = read(file);
  rmSync(dirname(file), { recursive: true, force: true });
  if (found !== "") throw new Error(`The tests ran deprecated code:\n${found}`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
