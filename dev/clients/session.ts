/** Signs in as a client does: with a password, a one-time link's token, or an existing session. */
import { createClient } from "matrix-js-sdk";
import { quiet } from "./quiet-logger.ts";

export type Credentials =
  | { readonly user: string; readonly password: string }
  /** A one-time sign-in link's token. */
  | { readonly loginToken: string }
  | { readonly userId: string; readonly accessToken: string; readonly deviceId?: string };

export interface Session {
  readonly userId: string;
  readonly accessToken: string;
  readonly deviceId?: string;
}

export async function openSession(
  homeserver: string,
  credentials: Credentials,
  deviceName: string,
): Promise<Session> {
  if ("accessToken" in credentials) {
    const { userId, accessToken, deviceId } = credentials;
    return { userId, accessToken, ...(deviceId === undefined ? {} : { deviceId }) };
  }
  const unsigned = createClient({ baseUrl: homeserver, logger: quiet });
  const common = { initial_device_display_name: deviceName };
  const session = await unsigned.loginRequest(
    "loginToken" in credentials
      ? { type: "m.login.token", token: credentials.loginToken, ...common }
      : {
          type: "m.login.password",
          identifier: { type: "m.id.user", user: credentials.user },
          password: credentials.password,
          ...common,
        },
  );
  return { userId: session.user_id, accessToken: session.access_token, deviceId: session.device_id };
}
