import type { RequestHandler } from "express";
import { escapeHtml } from "../../messages/html/html.ts";
import { inScript, ownPage } from "./own-page.ts";

export interface NoClientPageOptions {
  /** The homeserver's address for clients. */
  readonly homeserverUrl: string;
  readonly practiceName: string;
}

/**
 * What is at `/` if nothing else is, as in the demo: in the containers nginx sends `/` to Element. It takes a sign-in
 * link's token as Element does, signs in with it, shows whose account it is and what is in their list, and signs out
 * again. So the link in the demo opens something that works. If sign-in is refused, it shows the homeserver's sentence.
 */
export const noClientPage = (options: NoClientPageOptions): RequestHandler =>
  ownPage({
    title: options.practiceName,
    main: main(options),
    script: script(options),
    connect: new URL(options.homeserverUrl).origin,
  });

const FILTER = JSON.stringify({
  presence: { limit: 0 },
  room: { timeline: { limit: 0 }, ephemeral: { limit: 0 }, state: { types: ["m.room.name"] } },
});

function script({ homeserverUrl }: NoClientPageOptions): string {
  return `
"use strict";
(() => {
  const token = new URLSearchParams(location.search).get("loginToken");
  history.replaceState(null, "", location.pathname);
  const show = (id) => {
    for (const each of document.querySelectorAll("section")) each.hidden = each.id !== id;
  };
  const say = (id, text) => {
    document.getElementById(id).textContent = text;
  };
  if (!token) return show("none");
  const call = async (method, path, body, access) => {
    const answer = await fetch(${inScript(homeserverUrl.replace(/\/$/, ""))} + "/_matrix/client/v3/" + path, {
      method,
      headers: access ? { authorization: "Bearer " + access } : {},
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    return said;
  };
  const signIn = async () => {
    const { access_token, user_id } = await call("POST", "login", { type: "m.login.token", token });
    try {
      const { displayname } = await call("GET", "profile/" + encodeURIComponent(user_id), null, access_token);
      const filter = encodeURIComponent(${inScript(FILTER)});
      const { rooms } = await call("GET", "sync?timeout=0&filter=" + filter, null, access_token);
      const named = Object.values(rooms?.join ?? {}).flatMap((room) =>
        [...(room.state?.events ?? []), ...(room.timeline?.events ?? [])].flatMap((event) => event.content.name || []));
      say("who", displayname || user_id);
      say("list", named.sort().join(", "));
      show("in");
    } finally {
      await call("POST", "logout", {}, access_token);
    }
  };
  signIn().catch((error) => {
    say("why", error.message || "The homeserver does not answer.");
    show("refused");
  });
})();
`;
}

function main({ homeserverUrl }: NoClientPageOptions): string {
  const homeserver = `<p>Open Element or any other Matrix app, and enter <b>${escapeHtml(homeserverUrl)}</b> as the homeserver.</p>`;
  return `<section id="none"><h1>No messenger at this address</h1>${homeserver}</section>
<section id="in" hidden><h1>The link works</h1><p>It signed in <b id="who"></b> and out again, because there is no messenger at this address.</p><p>In their list: <span id="list"></span></p>${homeserver}</section>
<section id="refused" role="alert" hidden><h1>This link did not sign you in</h1><p id="why"></p><p>Open Whisper from HealthTrack again; that makes a new link.</p></section>`;
}
