/**
 * Does a regular expression's work grow with the square of the text, or worse? `recheck` builds the expression's automaton
 * and looks for ambiguity; if it cannot build one, it attacks the expression. Its pure JavaScript backend is enough.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { checkSync } from "recheck";
import { writeAtomically } from "../base/files.ts";
import { workFolder } from "../base/repository.ts";
import type { Expression } from "./regexes.ts";

/** Null: the expression's work is linear. Otherwise the reason to refuse it. */
export type Judge = (expression: Expression) => string | null;

/** Else an expression that recheck can only attack is judged by chance: now and then a linear one is refused. */
const SEED = 1;
/** Milliseconds for one expression; after that the result is unknown. */
const PATIENCE = 60_000;

export function judge({ source, flags }: Pick<Expression, "source" | "flags">): string | null {
  process.env.RECHECK_SYNC_BACKEND = "pure";
  const found = checkSync(source, flags, { timeout: PATIENCE, randomSeed: SEED });
  switch (found.status) {
    case "safe":
      return null;
    case "vulnerable":
      return `its work is not linear (${found.complexity.summary}), for example for ${found.attack.pattern}`;
    case "unknown":
      return `it cannot be judged (${found.error.kind})`;
  }
}

/** The same, with earlier results kept in the work folder: expressions seldom change, and some take seconds. */
export function judgeAndKeep(): { readonly judge: Judge; readonly keep: () => void } {
  const file = join(workFolder(), "regexes.json");
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
