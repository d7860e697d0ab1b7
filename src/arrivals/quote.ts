/** A reply about an arrival, as it goes into the conversation with whoever marked it: the notice quoted, then the words. */

import { escapeHtml, HTML_FORMAT } from "../messages/html.ts";
import type { Line } from "./notice.ts";

type Content = Readonly<Record<string, unknown>>;

/** The contents to send, in order. A picture or a file cannot hold a quotation, so one goes before it. */
export function quoting(line: Line, reply: Content): Content[] {
  const { body, formatted_body, msgtype, ...rest } = withoutRelation(reply);
  if (!isText(msgtype)) return [quoted(line, "", ""), withoutRelation(reply)];
  const text = typeof body === "string" ? withoutFallback(body) : "";
  const html =
    typeof formatted_body === "string"
      ? withoutHtmlFallback(formatted_body)
      : escapeHtml(text).replaceAll("\n", "<br>");
  return [{ ...rest, ...quoted(line, text, html), msgtype }];
}

/** The same quotation over other words. */
export function quotedAgain(earlier: Content, reply: Content): Content {
  const [quotation = ""] = String(earlier.body).split("\n\n");
  const html = /^<blockquote>([\s\S]*?)<\/blockquote>/.exec(String(earlier.formatted_body))?.[1] ?? "";
  return quoting({ text: quotation.replace(/^> /, ""), html }, reply).at(-1) ?? {};
}

export const isText = (msgtype: unknown): boolean =>
  msgtype === "m.text" || msgtype === "m.notice" || msgtype === "m.emote";

/** What a person wrote, without the copy of what it replies to that older clients put before it. */
export const plainText = ({ body }: Content): string =>
  typeof body === "string" ? withoutFallback(body) : "";

const quoted = (line: Line, text: string, html: string): Content => ({
  msgtype: "m.text",
  body: [`> ${line.text}`, ...(text === "" ? [] : [text])].join("\n\n"),
  format: HTML_FORMAT,
  formatted_body: `<blockquote>${line.html}</blockquote>${html}`,
});

const withoutRelation = (content: Content): Content => {
  const { "m.relates_to": _relation, "m.new_content": _new, ...rest } = content;
  return rest;
};

/** Client-server API before 1.13, "Fallbacks for rich replies": lines that begin with `> `, up to an empty line. */
const withoutFallback = (body: string): string => body.replace(/^(?:> ?.*\n)+\n/, "").trim();
const withoutHtmlFallback = (html: string): string => html.replace(/^<mx-reply>[\s\S]*?<\/mx-reply>/, "");
