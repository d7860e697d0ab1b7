/**
 * The plain text of a message without the copy of what it answers, which older clients put before it (client-server API
 * before 1.13, "Fallbacks for rich replies"): lines that begin with `>`, then an empty line.
 * @param emptyLine whether lines count as a copy when no empty line follows: a person may begin with `>` too.
 */
export function withoutFallback(body: string, emptyLine: "needed" | "not needed"): string {
  let at = 0;
  while (body.startsWith(">", at)) {
    const end = body.indexOf("\n", at);
    if (end < 0) break;
    at = end + 1;
  }
  if (at === 0) return body;
  if (body.startsWith("\n", at)) return body.slice(at + 1);
  return emptyLine === "needed" ? body : body.slice(at);
}
