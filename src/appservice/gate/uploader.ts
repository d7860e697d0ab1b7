import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";

/** Asks Synapse who uploaded a file (admin API, "Query a piece of media by ID"). */
export function uploaderIn(homeserver: Homeserver) {
  return async (server: string, mediaId: string): Promise<UserId | null> => {
    try {
      const { media_info } = await homeserver.call<{ media_info: { user_id: UserId | null } }>({
        method: "GET",
        path: path`/_synapse/admin/v1/media/${server}/${mediaId}`,
        timeout: 10_000,
      });
      return media_info.user_id;
    } catch (error) {
      if (error instanceof MatrixRefused && error.status === 404) return null;
      throw error;
    }
  };
}

/**
 * Is this one of Synapse's administrators, and neither staff nor Whisper itself? They may set people's portraits (admin
 * API, "Query User Account").
 */
export function administratorIn(homeserver: Homeserver, settings: PracticeSettings) {
  return async (user: UserId): Promise<boolean> => {
    if (user === settings.bot || isOurs(settings, user)) return false;
    try {
      const { admin } = await homeserver.call<{ admin: boolean }>({
        method: "GET",
        path: path`/_synapse/admin/v2/users/${user}`,
        timeout: 10_000,
      });
      return admin;
    } catch (error) {
      if (error instanceof MatrixRefused && error.status === 404) return false;
      throw error;
    }
  };
}
