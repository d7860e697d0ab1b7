import { createServer } from "node:http";
import type { TestStack } from "../support/stack/stack.ts";

/**
 * An application service that does nothing, in Whisper's place: takes every event, allows everything. So the homeserver
 * is measured alone, and does not wait for somebody who is away.
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
