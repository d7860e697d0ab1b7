/** Deeper causes add nothing that anybody would read. */
const DEEPEST = 4;
const WORDS = /[^\s"']+/g;
/** Where in a word an id or the address of a file begins (Matrix spec, appendices, "Common identifier format"). */
const ID = /[!#$+]|mxc:/;
/** Libraries and PostgreSQL put what somebody sent between quotation marks. */
const QUOTED = /"[^"]*"|'[^']*'|“[^”]*(?:”|$)|‘[^’]*(?:’|$)/g;

/**
 * An error as it may stand in the log: what it is and where it happened, with a message in which nobody is named. Never
 * the content that libraries attach to errors, and of the stack only the frames: it repeats the message.
 */
export function describeError(error: unknown, depth = 1): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack = "", cause } = error;
  return {
    type: name,
    message: message.slice(0, 500).replace(QUOTED, "…").replace(WORDS, withoutIds),
    stack: stack.split("\n").filter((line) => /^ {4}at /.test(line)),
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    ...(cause instanceof Error && depth < DEEPEST ? { cause: describeError(cause, depth + 1) } : {}),
  };
}

/** A word with `@` is the id or the address of somebody, from its first letter. */
function withoutIds(word: string): string {
  if (word.includes("@")) return "…";
  const id = ID.exec(word);
  return id === null ? word : `${word.slice(0, id.index)}…`;
}
