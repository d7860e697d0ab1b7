/**
 * A reply about an arrival as it goes into the conversation with whoever marked it: the notice quoted, then the reply.
 */

import { withoutFallback } from "../../messages/fallback.ts";
import { escapeHtml, HTML_FORMAT } from "../../messages/html.ts";
import { withoutFallbackIn } from "../../messages/markup.ts";
import type { Line } from "./notice.ts";

type Content = Readonly<Record<string, unknown>>;

/** The contents to send, in order. A picture or a file cannot hold a quotation, so one is sent before it. */
export function quoteNotice(line: Line, reply: Content): Content[] {
  const { body: _body, formatted_body, msgtype, ...rest } = withoutRelation(reply);
  if (!isText(msgtype)) return [quoted(line, "", ""), withoutRelation(reply)];
  const text = plainText(reply);
  const html =
    typeof formatted_body === "string"
      ? withoutFallbackIn(formatted_body)
      : escapeHtml(text).replaceAll("\n", "<br>");
  return [{ ...rest, ...quoted(line, text, html), msgtype }];
}

/** The same quotation with another reply. */
export function quotedAgain(earlier: Content, reply: Content): Content {
  const text = between("> ", "\n\n", `${earlier.body}\n\n`);
  const html = between(OPEN, CLOSE, String(earlier.formatted_body));
  return quoteNotice({ text, html }, reply).at(-1) ?? {};
}

export const isText = (msgtype: unknown): boolean =>
  msgtype === "m.text" || msgtype === "m.notice" || msgtype === "m.emote";

/** What a person wrote, without the quotation that older clients put before a reply. */
export const plainText = ({ body }: Content): string =>
  typeof body === "string" ? withoutFallback(body, "needed").trim() : "";

const OPEN = "<blockquote>";
const CLOSE = "</blockquote>";

const quoted = (line: Line, text: string, html: string): Content => ({
  msgtype: "m.text",
  body: [`> ${line.text}`, ...(text === "" ? [] : [text])].join("\n\n"),
  format: HTML_FORMAT,
  formatted_body: `${OPEN}${line.html}${CLOSE}${html}`,
});

const withoutRelation = (content: Content): Content => {
  const { "m.relates_to": _relation, "m.new_content": _new, ...rest } = content;
  return rest;
};

/** The text between `start`, which begins it, and the first `end`; empty without them. */
function between(start: string, end: string, text: string): string {
  const at = text.indexOf(end);
  return text.startsWith(start) && at >= 0 ? text.slice(start.length, at) : "";
}
