import { storable } from "../../base/storable.ts";
import type { MatrixEvent } from "../../messages/event.ts";
import type { EventId } from "../../policy/model.ts";
import { type Homeserver, MatrixRefused, path } from "./homeserver.ts";

/**
 * A deleted event's content as it was sent (admin API, "Fetch Event": Synapse gives an administrator the event as it is
 * stored). Null: it is not stored any more.
 */
export const originalContentIn =
  (homeserver: Homeserver) =>
  async (event: EventId): Promise<MatrixEvent["content"] | null> => {
    try {
      const { event: found } = await homeserver.call<{ event: Pick<MatrixEvent, "content"> }>({
        method: "GET",
        path: path`/_synapse/admin/v1/fetch_event/${event}`,
      });
      return storable(found.content);
    } catch (error) {
      if (error instanceof MatrixRefused && error.status === 404) return null;
      throw error;
    }
  };
