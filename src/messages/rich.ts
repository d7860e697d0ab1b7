/** Text with simple formatting, in both forms that a message carries: plain and HTML. */

import { escapeHtml, HTML_FORMAT } from "./html/html.ts";

export interface Rich {
  readonly text: string;
  readonly html: string;
}

export const plain = (text: string): Rich => ({ text, html: escapeHtml(text).replaceAll("\n", "<br>") });
export const strong = (text: string): Rich => ({ text, html: `<strong>${escapeHtml(text)}</strong>` });
export const code = (text: string): Rich => ({ text, html: `<code>${escapeHtml(text)}</code>` });
export const link = (href: string, text: string): Rich => ({
  text,
  html: `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`,
});

/** One after another on the same line. */
export const inline = (...parts: readonly Rich[]): Rich => joined(parts, "", "");
export const lines = (...parts: readonly Rich[]): Rich => joined(parts, "\n", "<br>");
/** Paragraphs or lists; in HTML they are separate anyway. */
export const blocks = (...parts: readonly Rich[]): Rich => ({
  text: parts.map((part) => part.text).join("\n\n"),
  html: parts.map((part) => (/^<(ul|p)>/.test(part.html) ? part.html : `<p>${part.html}</p>`)).join(""),
});
export const bullets = (items: readonly Rich[]): Rich => ({
  text: items.map((item) => `• ${item.text}`).join("\n"),
  html: `<ul>${items.map((item) => `<li>${item.html}</li>`).join("")}</ul>`,
});

const joined = (parts: readonly Rich[], between: string, betweenHtml: string): Rich => ({
  text: parts.map((part) => part.text).join(between),
  html: parts.map((part) => part.html).join(betweenHtml),
});

/** An answer from the bot: a notice, which clients show without a sound, since the person who asked is looking. */
export const noticeMessage = ({ text, html }: Rich): Readonly<Record<string, unknown>> => ({
  msgtype: "m.notice",
  body: text,
  format: HTML_FORMAT,
  formatted_body: html,
  "m.mentions": {},
});
