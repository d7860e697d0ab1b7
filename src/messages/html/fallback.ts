/**
 * A message's plain text without the quotation that older clients put before a reply (client-server API before 1.13,
 * "Fallbacks for rich replies"): lines that begin with `>`, then an empty line.
 * @param emptyLine whether such lines count as a quotation without an empty line after them: a person may begin with
 * `>` too.
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
