import type { RequestHandler } from "express";
import { escapeHtml } from "../../messages/html/html.ts";
import { inScript, ownPage } from "./own-page.ts";

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
 * The page that a sign-in link opens: `/whisper/sign-in#<one-time token>&<Unix time at which it expires>`.
 *
 * Element accepts `?loginToken=` only if its origin's localStorage says which homeserver issued the token
 * (`mx_sso_hs_url`, observed on Element 1.11: "We couldn't log you in" without it). The token comes in the fragment,
 * which browsers never send; the page immediately removes it from the address and the history. Element then gets it in
 * the query, which nginx removes before it asks Element's server (docker/nginx/routes.conf). So no server logs it.
 *
 * Element says of a used link and of an expired one only that it could not sign in. So the page remembers the last link
 * that this browser used, and compares the expiry with the clock; if the clock says that it is over, with the server's,
 * since a computer's clock can be wrong.
 */
export const signInPage = (options: SignInPageOptions): RequestHandler =>
  ownPage({ title: "Signing in", main: main(options), script: script(options), connect: "'self'" });

/** Synapse's tokens are `syl_` and base64. Anything else in the fragment is not a token and is ignored. */
function script({ homeserverUrl, clientPath }: SignInPageOptions): string {
  return `
"use strict";
(() => {
  const link = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const problem = (id) => {
    document.getElementById("going").hidden = true;
    document.getElementById(id).hidden = false;
    document.title = document.querySelector("#" + id + " h1").textContent;
  };
  if (link === "") return problem("missing");
  const [, token, expires] = /^([A-Za-z0-9_.~+/=-]{1,512})(?:&([0-9]{1,12}))?$/.exec(link) ?? [];
  if (token === undefined) return problem("broken");
  const go = () => {
    try {
      if (localStorage.getItem("whisper_used_link") === token) return problem("used");
      localStorage.setItem("whisper_used_link", token);
      localStorage.setItem("mx_sso_hs_url", ${inScript(homeserverUrl)});
    } catch {
      return problem("storage");
    }
    location.replace(${inScript(clientPath)} + "?loginToken=" + encodeURIComponent(token));
  };
  const over = (now) => expires !== undefined && now > Number(expires) * 1000;
  if (!over(Date.now())) return go();
  fetch(location.pathname, { method: "HEAD", cache: "no-store" }).then(
    (answer) => (over(Date.parse(answer.headers.get("date"))) ? problem("expired") : go()),
    go,
  );
})();
`;
}

function main({ practiceName, clientPath }: SignInPageOptions): string {
  const go = `<a href="${escapeHtml(clientPath)}">Open the messenger</a>`;
  return `<svg viewBox="0 0 56 56" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M10 12h36a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H26l-10 9v-9h-6a4 4 0 0 1-4-4V16a4 4 0 0 1 4-4Z"/><path d="M28 19v14M21 26h14"/></svg>
<section id="going" aria-live="polite"><h1>Signing you in</h1><p>${escapeHtml(practiceName)}</p><div class="dots" aria-hidden="true"><span></span><span></span><span></span></div></section>
<section id="missing" role="alert" hidden><h1>This link cannot sign you in</h1><p>It has been used already, or part of it was lost. Open Whisper from HealthTrack again.</p>${go}</section>
<section id="used" role="alert" hidden><h1>This link has been used</h1><p>Each link signs you in once. Open Whisper from HealthTrack again; that makes a new link.</p>${go}</section>
<section id="expired" role="alert" hidden><h1>This link has expired</h1><p>Links work for a few minutes. Open Whisper from HealthTrack again; that makes a new link.</p>${go}</section>
<section id="broken" role="alert" hidden><h1>This link is damaged</h1><p>Open Whisper from HealthTrack again; that makes a new link.</p>${go}</section>
<section id="storage" role="alert" hidden><h1>Your browser keeps no data for this site</h1><p>Allow this site to store data, then open Whisper from HealthTrack again.</p></section>
<noscript><p>Whisper needs JavaScript. Allow it for this site, then open Whisper from HealthTrack again.</p></noscript>`;
}
