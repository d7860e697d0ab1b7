import type { UserId } from "../../policy/model.ts";
import { SynapseAway, type Upstream } from "./upstream.ts";

const PATIENCE = 10_000;

/**
 * Whose access token this is, as an `Authorization` header. Null: nobody's, or no longer.
 * @throws SynapseAway
 */
export type UserOfToken = (authorization: string) => Promise<UserId | null>;

/** Asks Synapse (client-server API, "GET /account/whoami"). */
export const userOfTokenAt =
  (upstream: Upstream): UserOfToken =>
  async (authorization) => {
    const answer = await upstream.json({
      method: "GET",
      target: "/_matrix/client/v3/account/whoami",
      headers: { authorization },
      patience: PATIENCE,
    });
    if (answer.status === 401 || answer.status === 403) return null;
    if (answer.status !== 200) throw new SynapseAway(`Synapse answered ${answer.status}`);
    const { user_id } = JSON.parse(answer.text) as { user_id?: unknown };
    if (typeof user_id !== "string") throw new SynapseAway("whoami names no user");
    return user_id as UserId;
  };
