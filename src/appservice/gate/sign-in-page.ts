import { createHash } from "node:crypto";
import type { RequestHandler } from "express";

/** Where the page is served: nginx routes this path, under the client's own origin, to Whisper. */
export const SIGN_IN_PATH = "/whisper/sign-in";

export interface SignInPageOptions {
  /** The homeserver's address for the client. */
  readonly homeserverUrl: string;
  /** Where the client is, under the same origin as this page: `/` or `/element/`. */
  readonly clientPath: string;
  readonly practiceName: string;
}

/**
 * The page that a sign-in link opens: `/whisper/sign-in#<one-time token>`.
 *
 * Element accepts `?loginToken=` only if its origin's localStorage says which homeserver issued the token
 * (`mx_sso_hs_url`, observed on Element 1.11: "We couldn't log you in" without it). The token comes in the fragment,
 * which browsers never send; the page immediately removes it from the address and the history. Element then gets it in
 * the query, which nginx removes before it asks Element's server (docker/nginx/routes.conf). So no server logs it.
 */
export function signInPage(options: SignInPageOptions): RequestHandler {
  const html = page(options);
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": [
      "default-src 'none'",
      `script-src '${hash(script(options))}'`,
      `style-src '${hash(STYLE)}'`,
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

/** Synapse's tokens are `syl_` and base64. Anything else in the fragment is not a token and is ignored. */
function script({ homeserverUrl, clientPath }: SignInPageOptions): string {
  return `
"use strict";
(() => {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const problem = (id) => {
    document.getElementById("going").hidden = true;
    document.getElementById(id).hidden = false;
    document.title = document.querySelector("#" + id + " h1").textContent;
  };
  if (token === "") return problem("missing");
  if (!/^[A-Za-z0-9_.~+/=-]{1,512}$/.test(token)) return problem("broken");
  try {
    localStorage.setItem("mx_sso_hs_url", ${inScript(homeserverUrl)});
  } catch {
    return problem("storage");
  }
  location.replace(${inScript(clientPath)} + "?loginToken=" + encodeURIComponent(token));
})();
`;
}

function page(options: SignInPageOptions): string {
  const practice = inHtml(options.practiceName);
  const client = inHtml(options.clientPath);
  const go = `<a href="${client}">Open the messenger</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Signing in</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<svg viewBox="0 0 56 56" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M10 12h36a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H26l-10 9v-9h-6a4 4 0 0 1-4-4V16a4 4 0 0 1 4-4Z"/><path d="M28 19v14M21 26h14"/></svg>
<section id="going" aria-live="polite"><h1>Signing you in</h1><p>${practice}</p><div class="dots" aria-hidden="true"><span></span><span></span><span></span></div></section>
<section id="missing" role="alert" hidden><h1>This link cannot sign you in</h1><p>It has been used already, or part of it was lost. Open Whisper from HealthTrack again.</p>${go}</section>
<section id="broken" role="alert" hidden><h1>This link is damaged</h1><p>Open Whisper from HealthTrack again; that makes a new link.</p>${go}</section>
<section id="storage" role="alert" hidden><h1>Your browser keeps no data for this site</h1><p>Allow this site to store data, then open Whisper from HealthTrack again.</p></section>
<noscript><p>Whisper needs JavaScript. Allow it for this site, then open Whisper from HealthTrack again.</p></noscript>
</main>
<script>${script(options)}</script>
</body>
</html>
`;
}

const hash = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

/** A string literal that cannot end the script element either. */
const inScript = (text: string) => JSON.stringify(text).replaceAll("<", "\\u003c");

const inHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
