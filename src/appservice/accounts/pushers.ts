import type { UserId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/** Client-server API, "POST /_matrix/client/v3/pushers/set", `data.format`: only the event's id and counts. */
export const QUIET_FORMAT = "event_id_only";

/** The same pusher, saying only that there is something. */
export const quiet = (data: object): object => ({ ...data, format: QUIET_FORMAT });

/** Client-server API, "GET /_matrix/client/v3/pushers". */
interface Pusher {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Makes all of a user's pushers say only that there is something, including those from before the gate took care of it
 * and those set past the gate (docs/decisions/push.md). A pusher that is set again stays with its session and ends with
 * it (`PusherPool.add_or_update_pusher`).
 */
export async function quietPushers(homeserver: Homeserver, user: UserId): Promise<void> {
  const { pushers } = await homeserver.call<{ pushers?: readonly Pusher[] }>({
    method: "GET",
    path: path`/_matrix/client/v3/pushers`,
    as: user,
  });
  for (const pusher of pushers ?? []) {
    if (pusher.kind !== "http" || pusher.data.format === QUIET_FORMAT) continue;
    await homeserver.call({
      method: "POST",
      path: path`/_matrix/client/v3/pushers/set`,
      as: user,
      // Appended: a phone that two people share keeps the other person's pusher.
      body: { ...pusher, data: quiet(pusher.data), append: true },
    });
  }
}
