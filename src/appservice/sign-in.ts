import type { UserId } from "../policy/model.ts";
import type { Homeserver } from "./homeserver.ts";

/** A one-time way in (client-server API, `m.login.token`; made through "Login via existing session"). */
export interface LoginToken {
  readonly login_token: string;
  /** Milliseconds. */
  readonly expires_in_ms: number;
}

/**
 * Has the homeserver issue a login token for a user. It issues one a minute for each user.
 * @throws HomeserverAway with `retryAfter` when asked again sooner.
 */
export function issueLoginToken(homeserver: Homeserver, user: UserId): Promise<LoginToken> {
  return homeserver.call<LoginToken>({
    method: "POST",
    path: "/_matrix/client/v1/login/get_token",
    as: user,
    body: {},
  });
}

/** The address that opens the practice's client signed in. The token follows `#`, which no server logs. */
export function signInUrl(template: string | undefined, publicUrl: string, token: string): string {
  return (template ?? `${publicUrl}/whisper/sign-in#{login_token}`).replace("{login_token}", encodeURIComponent(token));
}

