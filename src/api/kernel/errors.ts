import { isDatabaseDown } from "../../store/database.ts";
import { invalidInput, Problem } from "./problem.ts";

/**
 * Values that PostgreSQL refuses and no earlier check caught. The caller is told that the input is wrong, but it is
 * logged as our error, since a check is missing.
 */
const REFUSED_VALUES = new Set(["22001", "22003", "22007", "22008", "22021", "22P02", "22P05", "54000"]);
/** Serialization failure, deadlock, lock timeout, statement timeout: the same request may pass next time. */
const PASSING = new Set(["40001", "40P01", "55P03", "57014"]);

/** Is it worth running the transaction again immediately? */
export const isWorthRepeating = (error: unknown): boolean => ["40001", "40P01"].includes(codeOf(error));

/** The answer to an error, and whether it is one of ours that someone has to look at. */
export function problemOf(error: unknown): { problem: Problem; unexpected: boolean } {
  if (error instanceof Problem) return { problem: error, unexpected: false };
  if (isDatabaseDown(error)) {
    return {
      problem: new Problem("unavailable", "The database cannot be reached.", { retryAfter: 5 }),
      unexpected: true,
    };
  }
  const code = codeOf(error);
  if (PASSING.has(code)) {
    return {
      problem: new Problem("unavailable", "The database is busy.", { retryAfter: 1 }),
      unexpected: true,
    };
  }
  if (REFUSED_VALUES.has(code)) {
    return {
      problem: invalidInput([{ path: "", message: "Contains a value that cannot be stored" }]),
      unexpected: true,
    };
  }
  // The router's own: a path with broken percent-encoding.
  if (error instanceof URIError) {
    return {
      problem: invalidInput([{ path: "", message: "The address is not valid percent-encoding" }]),
      unexpected: false,
    };
  }
  return { problem: new Problem("internal", "The error has been logged."), unexpected: true };
}

/** What may be logged about an error: never its message, which quotes values. */
export function loggable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { name: error.name, code: codeOf(error), stack: frames.slice(0, 12).map((line) => line.trim()) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
