#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=144
// The `whisper` command. Plain JavaScript for any Node: an older one would fail with a stack trace at the first line of
// TypeScript.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const say = (sentence) => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};

if (Number(process.versions.node.split(".")[0]) < 24)
  say(`Whisper needs Node 24 or later, and this is ${process.version}. Install Node 24, and try again.`);
if (!existsSync(join(__dirname, "../node_modules")))
  say("Whisper's packages are not installed yet. Run: npm ci --omit=dev");
import("./cli.ts");
