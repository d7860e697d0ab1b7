import type { UserId } from "../../policy/model.ts";
import { serverOf } from "../../policy/names/names.ts";
import { pictureUri } from "../../policy/names/pictures.ts";
import { type Homeserver, MatrixRefused, path } from "./homeserver.ts";

const NAME = "Whisper";

/**
 * Ensures that the bot's own account is registered, named, and a server administrator.
 * @throws Error that says what to do if the bot is not an administrator: nothing else works without that.
 */
export async function ensureBot(homeserver: Homeserver, bot: UserId): Promise<void> {
  const serverName = serverOf(bot);
  await register(homeserver, bot);
  try {
    await homeserver.call({
      method: "PUT",
      path: path`/_synapse/admin/v2/users/${bot}`,
      body: { displayname: NAME, avatar_url: pictureUri(serverName, { shows: "icon", icon: "whisper" }) },
    });
  } catch (error) {
    if (!(error instanceof MatrixRefused) || error.status !== 403) throw error;
    throw new Error(
      `${bot} is not a server administrator of Synapse. Make it one as docs/operating.md says, under "The bot's account".`,
      { cause: error },
    );
  }
}

async function register(homeserver: Homeserver, bot: UserId): Promise<void> {
  const username = bot.slice(1, bot.indexOf(":"));
  try {
    await homeserver.call({
      method: "POST",
      path: path`/_matrix/client/v3/register`,
      body: { type: "m.login.application_service", username, inhibit_login: true },
    });
  } catch (error) {
    if (!(error instanceof MatrixRefused) || error.errcode !== "M_USER_IN_USE") throw error;
  }
}
