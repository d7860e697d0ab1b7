import { createHash } from "node:crypto";
import type { RequestHandler } from "express";
import { escapeHtml } from "../../messages/html/html.ts";

/** One of Whisper's own pages. HTML and JavaScript as they are: what comes from outside is escaped by then. */
export interface OwnPage {
  readonly title: string;
  /** The HTML in `main`. */
  readonly main: string;
  readonly script: string;
  /** What the script may ask: a source of its Content-Security-Policy. */
  readonly connect: string;
}

/** Serves a page that runs no script but its own, and that no other page may frame. */
export function ownPage(page: OwnPage): RequestHandler {
  const html = documentOf(page);
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": [
      "default-src 'none'",
      `script-src '${hash(page.script)}'`,
      `style-src '${hash(STYLE)}'`,
      `connect-src ${page.connect}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
  };
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("allow", "GET, HEAD").status(405).end();
      return;
    }
    response.set(headers).send(html);
  };
}

const documentOf = ({ title, main, script }: OwnPage): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
<script>${script}</script>
</body>
</html>
`;

/** A hash source for a page's Content-Security-Policy. */
const hash = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

/** A string literal that cannot end the script element either. */
export const inScript = (text: string) => JSON.stringify(text).replaceAll("<", "\\u003c");

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2b2a; --quiet: #5b6b69; --paper: #f4f7f6; --card: #fff; --accent: #0b7a6b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8efee; --quiet: #9fb0ad; --paper: #111817; --card: #1a2322; --accent: #3cc0ad; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(26rem, 100%); padding: 2.5rem 2rem; border-radius: 1rem; background: var(--card); text-align: center;
  box-shadow: 0 1px 2px #0001, 0 12px 40px #0002; }
svg { width: 3.5rem; height: 3.5rem; color: var(--accent); }
h1 { margin: 1rem 0 .25rem; font-size: 1.35rem; font-weight: 600; }
p { margin: .25rem 0 0; color: var(--quiet); }
a { display: inline-block; margin-top: 1.5rem; padding: .6rem 1.4rem; border-radius: .6rem; background: var(--accent);
  color: var(--card); font-weight: 600; text-decoration: none; }
a:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
[hidden] { display: none; }
.dots span { display: inline-block; width: .5rem; height: .5rem; margin: 1.5rem .2rem 0; border-radius: 50%;
  background: var(--accent); animation: breathe 1.2s infinite ease-in-out; }
.dots span:nth-child(2) { animation-delay: .15s; }
.dots span:nth-child(3) { animation-delay: .3s; }
@keyframes breathe { 0%, 80%, 100% { opacity: .25; } 40% { opacity: 1; } }
@media (prefers-reduced-motion: reduce) { .dots span { animation: none; } }
`;
