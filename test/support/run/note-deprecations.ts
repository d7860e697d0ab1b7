/**
 * Loaded before anything else by the tests' own process and by every Node that it starts (`NODE_OPTIONS`): writes down each
 * deprecation warning in the file that `DEPRECATIONS_FILE` names. Nothing else about the process changes.
 */
import { appendFileSync } from "node:fs";

const file = process.env.DEPRECATIONS_FILE;

process.on("warning", (warning) => {
  if (file === undefined || !warning.name.includes("Deprecation")) return;
  appendFileSync(file, `${process.argv.slice(1, 3).join(" ")}: ${warning.stack ?? warning.message}\n\n`);
});
