import { createServer } from "node:http";
import type { TestStack } from "../support/stack/stack.ts";

/**
 * An application service in Whisper's place that does nothing: it takes every event and allows everything. So the
 * homeserver is measured alone, and does not wait for an absent Whisper.
 * @returns what ends it.
 */
export async function silentAppservice(stack: TestStack): Promise<() => Promise<void>> {
  await stack.stopWhisper();
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end("{}"));
  });
  await new Promise<void>((resolve) => server.listen(stack.ports.whisper, "127.0.0.1", resolve));
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
