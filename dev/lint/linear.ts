/**
 * Whether the work of a regular expression grows with the square of the text, or worse. `recheck` builds the automaton of
 * the expression and looks for ambiguity in it; what it cannot build it attacks. The part of it that is JavaScript does.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { checkSync } from "recheck";
import { writeAtomically } from "../base/files.ts";
import { REPOSITORY } from "../base/repository.ts";
import type { Expression } from "./regexes.ts";

/** What an expression was found to be: null: its work is linear; else why it cannot stay. */
export type Judge = (expression: Expression) => string | null;

/** Milliseconds for one expression; what takes longer counts as unknown. */
const PATIENCE = 60_000;

export function judge({ source, flags }: Pick<Expression, "source" | "flags">): string | null {
  process.env.RECHECK_SYNC_BACKEND = "pure";
  const found = checkSync(source, flags, { timeout: PATIENCE });
  switch (found.status) {
    case "safe":
      return null;
    case "vulnerable":
      return `its work is not linear (${found.complexity.summary}), for example for ${found.attack.pattern}`;
    case "unknown":
      return `it cannot be judged (${found.error.kind})`;
  }
}

/** The same, with what was judged before kept in node_modules: an expression seldom changes, and some take seconds. */
export function judgeAndKeep(): { readonly judge: Judge; readonly keep: () => void } {
  const file = join(REPOSITORY, "node_modules", ".cache", "whisper-regexes.json");
  const { version } = createRequire(import.meta.url)("recheck/package.json") as { version: string };
  const known = knownIn(file);
  const used: Record<string, string | null> = {};
  return {
    judge: (expression) => {
      const key = createHash("sha256")
        .update(JSON.stringify([version, expression.source, expression.flags]))
        .digest("hex");
      const kept = known[key];
      const verdict = kept === undefined ? judge(expression) : kept;
      used[key] = verdict;
      return verdict;
    },
    keep: () => writeAtomically(file, JSON.stringify(used)),
  };
}

function knownIn(file: string): Record<string, string | null> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, string | null>;
  } catch {
    return {}; // the first time
  }
}
