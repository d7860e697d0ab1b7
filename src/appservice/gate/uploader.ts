import type { UserId } from "../../policy/model.ts";
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
