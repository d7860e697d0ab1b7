import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { parse } from "yaml";
import { z } from "zod";
import { pictureOfPerson, pictureUri } from "../../src/policy/names/pictures.ts";
import { freshStack, type TestStack } from "../support/stack/stack.ts";
import { KeptConnection } from "./kept-connection.ts";

/** A stack as in production: PostgreSQL writes to the disk, and nothing stands between Whisper and Synapse. */
export async function withBenchStack<T>(work: (stack: TestStack) => Promise<T>): Promise<T> {
  const stack = await freshStack({ withoutFsync: false });
  try {
    await stack.stopWhisper();
    await startStraight(stack);
    return await work(stack);
  } finally {
    await pools.get(stack)?.end();
    pools.delete(stack);
    await stack.stop();
  }
}

export const startStraight = (stack: TestStack): Promise<void> =>
  stack.startWhisper({ WHISPER_HOMESERVER__URL: stack.synapse });

/** One connection, kept: opening connections is work for PostgreSQL that would be counted as Whisper's. */
const pools = new Map<TestStack, pg.Pool>();

export async function rowsOf<R extends pg.QueryResultRow>(
  stack: TestStack,
  sql: string,
  values: unknown[] = [],
): Promise<R[]> {
  const pool =
    pools.get(stack) ?? new pg.Pool({ connectionString: stack.databaseUrl, max: 1, idleTimeoutMillis: 0 });
  pools.set(stack, pool);
  return (await pool.query<R>(sql, values)).rows;
}

export const healthTrack = (stack: TestStack, connections?: number) =>
  new KeptConnection(stack.whisper, stack.apiKey, connections);

/** The homeserver itself, called as the bot. */
export const homeserver = (stack: TestStack, connections?: number) =>
  new KeptConnection(stack.synapse, stack.appserviceToken, connections);

const registration = z.looseObject({ hs_token: z.string() });

/** Whisper, called as Synapse calls it. */
export function asSynapse(stack: TestStack): KeptConnection {
  const { hs_token } = registration.parse(
    parse(readFileSync(join(stack.stateDir, "registration.yaml"), "utf8")),
  );
  return new KeptConnection(stack.whisper, hs_token);
}

/** Milliseconds for the smallest request to Whisper: what the machine alone adds to every figure. */
export const ping = (synapse: KeptConnection): Promise<number> =>
  synapse.timed("POST", "/_matrix/app/v1/ping", {});

/** The body of the admin call that makes an account as Whisper makes it: with a name, and a picture of its initials. */
export function accountOf(stack: TestStack, username: string, name: string) {
  const picture = pictureOfPerson(username, name);
  if (picture === null) throw new Error(`${name} has no letters to draw`);
  return { displayname: name, avatar_url: pictureUri(stack.serverName, picture) };
}

let sends = 0;

/** @returns the event id. */
export async function rawSend(
  synapse: KeptConnection,
  room: string,
  type: string,
  content: object,
): Promise<string> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/${type}/raw-${process.pid}-${++sends}`;
  const answer = await synapse.call("PUT", path, content);
  if (typeof answer === "object" && answer !== null && "event_id" in answer) return String(answer.event_id);
  throw new Error("Synapse answered no event id");
}

/** What HealthTrack sends when a patient has arrived. */
export function arrivedBooking(id: string, doctor: string) {
  const now = new Date().toISOString();
  return {
    path: `/api/v1/bookings/${id}`,
    body: {
      status: "arrived",
      // Each booking has its own patient: one patient's bookings share a notice.
      patient_id: id,
      patient_name: "Juniper Alder",
      location: "Wattle Street",
      doctor,
      changed_by: "mia",
      appointment_at: now,
      changed_at: now,
    },
  };
}
