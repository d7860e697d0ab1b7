import type { UserId } from "../../policy/model.ts";
import { accountDataOf } from "../homeserver/account-data.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/**
 * Removes the bot from a user's ignore list (client-server API, "Ignoring Users"). Otherwise Synapse would show them
 * nothing that Whisper sends, not even arrival notices, and nobody would know.
 */
export async function neverIgnore(homeserver: Homeserver, user: UserId, bot: UserId): Promise<void> {
  const where = path`/_matrix/client/v3/user/${user}/account_data/m.ignored_user_list`;
  const list = await accountDataOf(homeserver, user, where);
  const ignored = list.ignored_users;
  if (typeof ignored !== "object" || ignored === null || !Object.hasOwn(ignored, bot)) return;
  const others = Object.fromEntries(Object.entries(ignored).filter(([id]) => id !== bot));
  await homeserver.call({ method: "PUT", path: where, as: user, body: { ...list, ignored_users: others } });
}
