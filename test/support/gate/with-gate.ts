/** The house with the gate in front, as in development: the whole client API goes through it. */

import express from "express";
import { LOOKS } from "../../../src/appservice/gate/door/media.ts";
import { KEEP_MEMBERSHIP } from "../../../src/appservice/gate/passage/caller.ts";
import { type ClientApiProxyOptions, createClientApiProxy } from "../../../src/appservice/gate/proxy.ts";
import { administratorIn } from "../../../src/appservice/gate/uploader.ts";
import { mediaOf } from "../../../src/conversations/media.ts";
import type { UserId } from "../../../src/policy/model.ts";
import { type House, homeserverOf, OWN, type Served, serve } from "./house.ts";

export interface Gated {
  readonly url: string;
  /** What the gate wrote to its log. */
  readonly logged: readonly unknown[];
  close(): Promise<void>;
}

export async function putGateBefore(
  house: House,
  options: Partial<ClientApiProxyOptions> = {},
): Promise<Gated> {
  const logged: unknown[] = [];
  const gate = createClientApiProxy({ ...gateOptions(house, logged), ...options });
  const served: Served = await serve(express().disable("x-powered-by").use(gate.router));
  return {
    url: served.url,
    logged,
    async close() {
      await served.close();
      gate.close();
    },
  };
}

export function gateOptions(house: House, logged: unknown[] = []): ClientApiProxyOptions {
  return {
    synapseUrl: house.synapse,
    media: mediaOf(house.database),
    uploaderOf: async (server, mediaId) => {
      const at = `/_synapse/admin/v1/media/${encodeURIComponent(server)}/${encodeURIComponent(mediaId)}`;
      const answer = await house.bot.request("GET", at);
      if (answer.status !== 200) return null;
      return (JSON.parse(answer.text) as { media_info: { user_id: UserId } }).media_info.user_id;
    },
    isAdministrator: administratorIn(homeserverOf(house), OWN),
    bot: house.bot.userId,
    // Nobody is known to this house, so nobody never receives.
    entrance: {
      newConversation: async () => ({ is: "unfinished" }),
      remove: async () => ({ is: "nothing" }),
      beforeInvitation: async () => undefined,
    },
    accountData: { markUnread: async () => undefined, setDirectChats: async () => undefined },
    log: { warn: (fields, message) => logged.push({ fields, message }) },
    behindProxy: false,
    looks: LOOKS,
    keepMembership: KEEP_MEMBERSHIP,
  };
}
