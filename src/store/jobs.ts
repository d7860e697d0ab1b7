import { randomUUID } from "node:crypto";
import type { Queryable, Transaction } from "./database.ts";

/**
 * Every job, by name, with its payload. A job's handler is idempotent: after a crash it runs again. Jobs are added in
 * the transaction that changes the rows they work on, so neither exists without the other.
 */
export interface JobPayloads {
  /** Give a room's stored events, in order, to the features. */
  inbox: { readonly room_id: string };
  /** Send what is queued for a conversation, in order. */
  outbox: { readonly conversation_id: string };
  /** A send was given up: do what that means for its purpose. */
  given_up: { readonly ref: string };
  /** Bring due accounts into line with the directory: existence, display name, lock, notifications. */
  accounts: Record<string, never>;
  /** Make a conversation's room what the rules say. */
  room: {
    readonly conversation_id: string;
    /** Who makes it, if it is made for a pair: Whisper joins once they have written (begun-room.ts). */
    readonly begun_by?: string;
  };
  /** Close a room for good. */
  retire: { readonly room_id: string };
  /** Adopt a room that a user made in a client. */
  adopt: { readonly room_id: string };
  /** Close a room with only its maker in it, because the people they invited were refused. */
  orphan: { readonly room_id: string };
  /** Bring a room's tags in its members' accounts into line with the decision: out of the list, or back in it. */
  tags: { readonly room_id: string };
  /** Compare rooms with how they should be, as this audit's row says. */
  room_audit: { readonly audit_id: string };
  /** Find events that Synapse never sent: in rooms with recent messages, or in all. `again`: a little later. */
  gaps: { readonly rooms: "recent" | "all"; readonly again?: boolean };
  /** Put an event into the record that was deleted before it came. */
  record_original: { readonly event_id: string };
  /** Take the next step of an SMS: send it, look for it, or ask what became of it. */
  sms: { readonly sms_id: string };
  /** Fetch replies by SMS that came in unheard. */
  sms_replies: Record<string, never>;
  /** Withdraw an alert whose time is over. */
  alert_expiry: { readonly alert_id: string };
  /** Nobody has answered an arrival's notice: take the next step. */
  arrival_escalation: {
    readonly arrival_id: string;
    readonly clock_at: string;
    readonly step: number;
    readonly due_at?: string;
    /** It was late, and has waited once more for answers that are on their way. */
    readonly put_off?: boolean;
  };
  /** A recipient has a new arrivals room: post again every notice that is still in the previous one. */
  arrival_room: { readonly username: string };
  /**
   * The directory or a preference has changed: find those who can no longer see an arrival, and those who can now be
   * told of one.
   */
  arrival_recipients: Record<string, never>;
  /** Pin the card of an arrivals room. */
  arrival_card: { readonly room_id: string; readonly event_id: string };
  /** Follow changes of the directory: the accounts and conversations they affect. */
  conversations: Record<string, never>;
  /** Check rooms that nobody is waiting for, one after another; there are a few lanes of them. */
  rooms: { readonly lane: number };
  /** Let a person who signs in into their rooms, before everyone else. */
  rooms_of: { readonly username: string };
}

export type JobName = keyof JobPayloads;

interface When {
  /** Not before this time. */
  readonly runAt?: Date;
  /**
   * Smaller runs earlier; by default 0: what a person waits for. A job that is already waiting keeps the smaller one.
   */
  readonly priority?: number;
}

/**
 * Jobs of one queue run one after another, across all processes. The queue's name is also their key, so that at most
 * one of them waits: more would fill the workers with waiting, and keep other people's jobs from them.
 */
interface OfQueue extends When {
  readonly queue: string;
  readonly key?: never;
  /**
   * A person waits: queued in a transaction, it starts in this process once that is committed, if the process has time
   * (jobs/prompt.ts).
   */
  readonly promptly?: boolean;
}

interface OfNoQueue extends When {
  readonly queue?: never;
  /** This replaces a waiting job with the same key: requested twice, it runs once. */
  readonly key?: string;
  readonly promptly?: never;
}

export type JobOptions = OfQueue | OfNoQueue;

/** The event of `Database.committed` that announces such a job, with its `JobSpec`. */
export const PROMPTLY = "promptly";

export type JobSpec<Name extends JobName = JobName> = JobOptions & {
  readonly name: Name;
  readonly payload: JobPayloads[Name];
};

/**
 * Passed to a job's handler: runs part of its work in another queue's turn, as a job of that queue would. A job of that
 * queue must not do the same the other way round.
 */
export type InTurn = (queue: string, work: () => Promise<void>) => Promise<void>;

/** How often a job is tried before it becomes a dead letter. */
export const MAX_ATTEMPTS = 25;

/**
 * Adds a job. With a transaction, the job appears when it commits.
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
    // Not graphile-worker's own queues: while looking for a job it locks every one of them (see jobs/serial.ts).
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
