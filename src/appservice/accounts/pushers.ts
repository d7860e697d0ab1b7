import type { UserId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/** Client-server API, "POST /_matrix/client/v3/pushers/set", `data.format`: no more than the event's id and counts. */
export const QUIET_FORMAT = "event_id_only";

/** The same, saying no more than that there is something. */
export const quiet = (data: object): object => ({ ...data, format: QUIET_FORMAT });

/** Client-server API, "GET /_matrix/client/v3/pushers". */
interface Pusher {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Has everything that is pushed to this user say no more than that there is something: pushers from before the gate saw
 * to that, and such as were set past it (docs/decisions/push.md). One that is set again stays with its session, and ends
 * with it (`PusherPool.add_or_update_pusher`).
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
      // Appended: a phone that two people share keeps what it has of the other.
      body: { ...pusher, data: quiet(pusher.data), append: true },
    });
  }
}
