/**
 * A reply about an arrival as sent to the conversation with whoever marked it: the notice quoted, then the reply.
 */

import { withoutFallback } from "../../messages/html/fallback.ts";
import { escapeHtml, HTML_FORMAT } from "../../messages/html/html.ts";
import { withoutFallbackIn } from "../../messages/html/markup.ts";
import type { Line } from "./notice.ts";
import * as words from "./words.ts";

type Content = Readonly<Record<string, unknown>>;

/**
 * The contents to send, in order. A picture or a file cannot hold a quotation, so one is sent before it.
 * @param saidBy who wrote the reply, if Whisper passes it on in its own name. Then only what people see of it is kept:
 *   no one may put words of another kind into Whisper's mouth.
 */
export function quoteNotice(line: Line, reply: Content, saidBy: string | null): Content[] {
  if (saidBy !== null) return quotedFrom(line, reply, saidBy);
  const { body: _body, formatted_body, msgtype, ...rest } = withoutRelation(reply);
  if (!isText(msgtype)) return [quoted(line, "", ""), withoutRelation(reply)];
  const text = plainText(reply);
  const html =
    typeof formatted_body === "string"
      ? withoutFallbackIn(formatted_body)
      : escapeHtml(text).replaceAll("\n", "<br>");
  return [{ ...rest, ...quoted(line, text, html), msgtype }];
}

function quotedFrom(line: Line, reply: Content, saidBy: string): Content[] {
  const name = words.saidBy(saidBy);
  const html = `<strong>${escapeHtml(name)}</strong>`;
  const { msgtype, body, url, info, filename, formatted_body, format } = reply;
  if (!isText(msgtype)) return [quoted(line, name, html), { msgtype, body, url, info, filename }];
  const [plain] = quoteNotice(EMPTY, { msgtype, body, format, formatted_body }, null);
  const said = String(plain?.formatted_body).slice(`${OPEN}${CLOSE}`.length);
  return [quoted(line, `${name} ${plainText(reply)}`, `${html} ${said}`)];
}

const EMPTY: Line = { text: "", html: "" };

/** The same quotation with another reply. */
export function quotedAgain(earlier: Content, reply: Content, saidBy: string | null): Content {
  const text = between("> ", "\n\n", `${earlier.body}\n\n`);
  const html = between(OPEN, CLOSE, String(earlier.formatted_body));
  return quoteNotice({ text, html }, reply, saidBy).at(-1) ?? {};
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
