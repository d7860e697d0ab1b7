/** An account that is none of the practice's: whoever looks after the homeserver. */
import { z } from "zod";
import { atSynapse } from "./behind-whisper.ts";
import type { TestStack } from "./stack.ts";

export interface ServerAdmin {
  readonly userId: string;
  /** With their own token, as an application service cannot act as them. */
  act(method: string, path: string, body?: object): Promise<unknown>;
}

/** Makes an administrator of the homeserver, and signs them in. */
export async function serverAdmin(stack: TestStack, name: string): Promise<ServerAdmin> {
  const userId = `@${name}:${stack.serverName}`;
  const account = encodeURIComponent(userId);
  await atSynapse(stack, "PUT", `/_synapse/admin/v2/users/${account}`, { admin: true });
  const signedIn = await atSynapse(stack, "POST", `/_synapse/admin/v1/users/${account}/login`, {});
  const { access_token: token } = z.object({ access_token: z.string() }).parse(signedIn);
  return {
    userId,
    act: (method, path, body) => atSynapse(stack, method, path, body, undefined, token),
  };
}
