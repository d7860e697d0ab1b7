import type { RequestHandler } from "express";
import { escapeHtml } from "../../messages/html/html.ts";
import * as words from "../../messages/words.ts";

/** Where the page is served: nginx routes this path to Whisper, and Element's configuration names it. */
export const HOME_PATH = "/whisper/home";

/**
 * What Element shows when no conversation is open (`embedded_pages.home_url`): the practice and the first steps.
 * Element keeps only its simple tags.
 */
export function homePage({ practiceName }: { readonly practiceName: string }): RequestHandler {
  const steps = words.atHome.map((step) => `<li>${escapeHtml(step)}</li>`).join("\n");
  const html = `<!doctype html>
<html lang="en">
<body>
<h1>${escapeHtml(practiceName)}</h1>
<p>${escapeHtml(words.atHomeIntroduction)}</p>
<ul>
${steps}
</ul>
</body>
</html>
`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  };
  return (_request, response) => {
    response.set(headers).send(html);
  };
}
