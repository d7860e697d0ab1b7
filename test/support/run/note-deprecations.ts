/**
 * The tests' processes, and every Node that they start, load this before anything else (`NODE_OPTIONS`). It writes each
 * deprecation warning to the file that `DEPRECATIONS_FILE` names, and changes nothing else in the process.
 */
import { appendFileSync } from "node:fs";

const file = process.env.DEPRECATIONS_FILE;

process.on("warning", (warning) => {
  if (file === undefined || !warning.name.includes("Deprecation")) return;
  appendFileSync(file, `${process.argv.slice(1, 3).join(" ")}: ${warning.stack ?? warning.message}\n\n`);
});
