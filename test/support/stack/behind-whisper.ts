/** Changes to rooms behind Whisper's back, while it is stopped: drift that Whisper has to find. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import pg from "pg";
import { z } from "zod";
import { eventually } from "../eventually.ts";
import type { TestStack } from "./stack.ts";

const run = promisify(execFile);

/** Calls Synapse as the appservice, which may act as an administrator and as any of Whisper's users. */
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

export const roomPath = (room: string): string => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;

export const setState = (stack: TestStack, room: string, type: string, content: object): Promise<unknown> =>
  atSynapse(stack, "PUT", `${roomPath(room)}/state/${type}/`, content);

/** As an administrator, whatever the room's join rule. */
export const letIn = (stack: TestStack, room: string, username: string): Promise<unknown> =>
  atSynapse(stack, "POST", `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, {
    user_id: stack.userId(username),
  });

const made = z.object({ room_id: z.string() });

/** Whoever calls Synapse as themselves. */
export interface Actor {
  act(method: string, path: string, body?: object): Promise<unknown>;
}

/** The appservice itself, or one of its users. */
export const actingAs = (stack: TestStack, userId?: string): Actor => ({
  act: (method, path, body) => atSynapse(stack, method, path, body, userId),
});

export const makeRoom = async (by: Actor, options: object): Promise<string> =>
  made.parse(await by.act("POST", "/_matrix/client/v3/createRoom", { preset: "private_chat", ...options }))
    .room_id;

/**
 * Changes Whisper's rows: as after a restore from a backup that does not match the homeserver's. Or looks at them.
 * @returns how many rows that were.
 */
export async function inDatabase(
  stack: TestStack,
  statement: string,
  ...values: readonly string[]
): Promise<number> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  try {
    return (await client.query(statement, [...values])).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/**
 * Stops Whisper, then does something while a stand-in allows everything that Synapse asks, and makes Synapse forget to
 * report it. Afterwards Whisper is still stopped.
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
    // Policy callbacks are allowed. Transactions are refused, so that Synapse keeps them.
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

/** Does what happens to a Synapse that is killed at the wrong moment: what it had queued for Whisper is never sent. */
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

/**
 * Does what happens to a transaction that Synapse makes in the instant in which Whisper comes back: it is kept, while
 * what comes later is sent. Whisper must have been away before, so that Synapse has noted its state.
 */
export async function leaveBehind(stack: TestStack, work: () => Promise<unknown>): Promise<void> {
  const synapse = new DatabaseSync(join(stack.stateDir, "synapse", "homeserver.db"), { timeout: 10_000 });
  const take = (as: "down" | "up") => {
    if (synapse.prepare("UPDATE application_services_state SET state = ?").run(as).changes !== 1)
      throw new Error("Synapse has noted no state of Whisper");
  };
  try {
    take("down");
    await work();
    const kept = synapse.prepare("SELECT count(*) AS number FROM application_services_txns");
    await eventually("Synapse to keep the transaction", async () => kept.get()?.number !== 0);
    take("up");
  } finally {
    synapse.close();
  }
}
