import type { TestStack } from "./stack.ts";

/**
 * Starts Whisper and waits until it has checked Synapse's settings and pinged it, which it does once it is ready. For
 * tests that count calls of the homeserver. Synapse must be running.
 */
export async function startGreeted(stack: TestStack): Promise<void> {
  const pinged = stack.proxy.inject({
    when: "after",
    match: { method: "POST", path: "/_matrix/client/v1/appservice/*/ping" },
    act: () => undefined,
  });
  try {
    await stack.startWhisper();
    await pinged.happened;
  } finally {
    pinged.cancel();
  }
}
