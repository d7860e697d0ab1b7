/** Nobody would read deeper causes. */
const DEEPEST = 4;
const WORDS = /[^\s"']+/g;
/** Where in a word an id or a file's address begins (Matrix spec, appendices, "Common identifier format"). */
const ID = /[!#$+]|mxc:/;
/** Libraries and PostgreSQL quote what someone sent. */
const QUOTED = /"[^"]*"|'[^']*'|“[^”]*(?:”|$)|‘[^’]*(?:’|$)/g;

/**
 * An error for the log: what it is and where it happened, with a message that names nobody. Never the content that
 * libraries attach to errors, and only the frames of the stack, which repeats the message.
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

/** A word with `@` is someone's id or address, from its first letter. */
function withoutIds(word: string): string {
  if (word.includes("@")) return "…";
  const id = ID.exec(word);
  return id === null ? word : `${word.slice(0, id.index)}…`;
}
