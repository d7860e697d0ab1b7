/** What somebody may do to rooms behind Whisper's back, while it is stopped: for drift that Whisper has to find. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import type { TestStack } from "./stack.ts";

const run = promisify(execFile);

/** Synapse as the appservice has it, which is to say as an administrator and as anybody of Whisper's. */
export async function atSynapse(
  stack: TestStack,
  method: string,
  path: string,
  body?: object,
  as?: string,
  token = stack.appserviceToken,
): Promise<unknown> {
  const url = new URL(path, stack.synapse);
  if (as !== undefined) url.searchParams.set("user_id", as);
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      connection: "close",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/**
 * Stops Whisper, does something while a stand-in allows everything that Synapse asks, and has Synapse forget to tell of
 * it. Whisper is still stopped then.
 */
export async function behindWhisper(
  stack: TestStack,
  work: () => Promise<unknown>,
  /** `tell`: Synapse keeps what happened, and sends it when Whisper is back. */
  { tell = false }: { readonly tell?: boolean } = {},
): Promise<void> {
  await stack.stopWhisper();
  const yes = createServer((request, response) => {
    request.resume();
    // Policy callbacks are allowed; transactions are not taken, so that Synapse keeps them.
    const policy = request.url?.startsWith("/policy/") ?? false;
    response.writeHead(policy ? 200 : 503, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => yes.listen(stack.ports.whisper, "127.0.0.1", resolve));
  try {
    await work();
  } finally {
    await new Promise<void>((resolve) => {
      yes.close(() => resolve());
      yes.closeAllConnections();
    });
  }
  if (!tell) await loseWhatIsQueued(stack);
}

/** What happens to a Synapse that is killed at the wrong moment: what it had queued for Whisper is never sent. */
export async function loseWhatIsQueued(stack: TestStack): Promise<void> {
  await stack.stopSynapse();
  const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("DELETE FROM application_services_txns")
db.execute("UPDATE appservice_stream_position SET stream_ordering = (SELECT max(stream_ordering) FROM events)")
db.execute("UPDATE application_services_state SET state = 'up'")
db.commit()`;
  await run("python3", ["-c", script, `${stack.stateDir}/synapse/homeserver.db`]);
  await stack.startSynapse();
}
