import { randomUUID } from "node:crypto";
import type { Queryable, Transaction } from "./database.ts";

/**
 * Every job there is, by name, with what it is told. A job's handler is idempotent: after a crash it runs again.
 * Jobs are added in the transaction that changes the rows they work on, so neither exists without the other.
 */
export interface JobPayloads {
  /** Hand the stored events of a room, in order, to the features. */
  inbox: { readonly room_id: string };
  /** Send what is queued for a conversation, in order. */
  outbox: { readonly conversation_id: string };
  /** Make the accounts that are due what the directory says: existence, display name, lock, notifications. */
  accounts: Record<string, never>;
  /** Make a conversation's room what the rules say. */
  room: {
    readonly conversation_id: string;
    /** Who makes it, where it is made for two: Whisper follows when they have written (begun-room.ts). */
    readonly begun_by?: string;
  };
  /** Close a room for good. */
  retire: { readonly room_id: string };
  /** Take over a room that a user made in a client. */
  adopt: { readonly room_id: string };
  /** Make the tags of a room in its members' accounts what was decided: out of the list, or back in it. */
  tags: { readonly room_id: string };
  /** Compare rooms with what they ought to be, as the row of this audit says. */
  room_audit: { readonly audit_id: string };
  /** Find the events that Synapse never sent: in rooms where somebody wrote lately, or in all. */
  gaps: { readonly rooms: "recent" | "all" };
  /** Take an alert away whose time is over. */
  alert_expiry: { readonly alert_id: string };
  /** Nobody has answered an arrival's notice: take the next step. */
  arrival_escalation: {
    readonly arrival_id: string;
    readonly clock_at: string;
    readonly step: number;
    readonly due_at?: string;
    /** It came late, and waited once more for answers that are on their way. */
    readonly put_off?: boolean;
  };
  /** A recipient has another arrivals room: post again what still stands in the one before. */
  arrival_room: { readonly username: string };
  /** The directory has changed: find those who wait for an answer from somebody who cannot be told any more. */
  arrival_recipients: Record<string, never>;
  /** Pin the card of an arrivals room. */
  arrival_card: { readonly room_id: string; readonly event_id: string };
  /** Carry on what changed in the directory: the accounts and the conversations that it reaches. */
  conversations: Record<string, never>;
  /** Look at the rooms for which nobody waits, one after another; there are a few lanes of them. */
  rooms: { readonly lane: number };
  /** Let a person who signs in into their rooms, before everybody else. */
  rooms_of: { readonly username: string };
}

export type JobName = keyof JobPayloads;

interface When {
  /** Not before then. */
  readonly runAt?: Date;
  /** Smaller runs earlier; 0 unless told: what a person waits for. A job that waits already keeps the smaller one. */
  readonly priority?: number;
}

/**
 * Jobs of one queue run one after another, over all processes. The name of the queue is their key as well, so that one
 * of them waits at most: more would fill the workers with waiting, and keep other people's jobs from them.
 */
interface OfQueue extends When {
  readonly queue: string;
  readonly key?: never;
  /**
   * A person waits: asked for in a transaction, it begins in this process once that is committed, if the process has
   * the time (jobs/prompt.ts).
   */
  readonly promptly?: boolean;
}

interface OfNoQueue extends When {
  readonly queue?: never;
  /** A waiting job with the same key is replaced by this one: "once more" said twice is one run. */
  readonly key?: string;
  readonly promptly?: never;
}

export type JobOptions = OfQueue | OfNoQueue;

/** The event of `Database.committed` that tells of such a job, with its `JobSpec`. */
export const PROMPTLY = "promptly";

export type JobSpec<Name extends JobName = JobName> = JobOptions & {
  readonly name: Name;
  readonly payload: JobPayloads[Name];
};

/**
 * Given to whatever carries out a job: does a part of it in the turn of another queue, as a job of that queue would be. A
 * job of that queue must not do the same the other way round.
 */
export type InTurn = (queue: string, work: () => Promise<void>) => Promise<void>;

/** How often a job is tried before it is parked as a dead letter. */
export const MAX_ATTEMPTS = 25;

/**
 * Adds a job. With a transaction the job appears when it commits.
 * @throws what the database throws; nothing is added then.
 */
export function addJob<Name extends JobName>(
  db: Queryable,
  name: Name,
  payload: JobPayloads[Name],
  options: JobOptions = {},
): Promise<void> {
  return addJobs(db, [{ name, payload, ...options }]);
}

/** Adds many jobs in one statement. */
export async function addJobs(db: Queryable, specs: readonly JobSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const rows = specs.map((spec) => ({
    identifier: spec.name,
    // Not graphile-worker's own queues: looking for a job, it locks every one of them (see jobs/serial.ts).
    payload: { ...spec.payload, queue: spec.queue },
    run_at: spec.runAt?.toISOString() ?? null,
    max_attempts: MAX_ATTEMPTS,
    // A job without a key is one that a newer one replaced while it ran (see jobs/runner.ts), so every job has one.
    job_key: spec.queue ?? spec.key ?? randomUUID(),
    priority: spec.priority ?? 0,
  }));
  if (isTransaction(db)) for (const spec of specs) if (spec.promptly) db.announce(PROMPTLY, spec);
  await db.query("SELECT queue_jobs($1)", [JSON.stringify(rows)]);
}

const isTransaction = (db: Queryable): db is Transaction => "inTransaction" in db;
