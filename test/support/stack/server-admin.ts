/** An account that is not the practice's: the homeserver's administrator. */
import { z } from "zod";
import { type Actor, atSynapse } from "./behind-whisper.ts";
import type { TestStack } from "./stack.ts";

export interface ServerAdmin extends Actor {
  readonly userId: string;
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
    // With their own token, as an application service cannot act as them.
    act: (method, path, body) => atSynapse(stack, method, path, body, undefined, token),
  };
}
