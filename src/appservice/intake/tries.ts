/**
 * The tries of events, written down before they begin: an event that kills or hangs the process leaves nothing else
 * behind. It costs one statement, which does not wait for the disk: what is lost with PostgreSQL only says less.
 */

import { randomUUID } from "node:crypto";
import type { Database, Queryable, Transaction } from "../../store/database.ts";

/** This process, as long as it lives. What it began and did not end was not the end of it. */
const THIS_PROCESS = randomUUID();

/** So many processes may end while they try an event before it is parked: each took everybody's messages with it. */
export const MOST_KILLED = 4;
/** Milliseconds until the next try, by how many ended with their process: others have the time between. */
const WAITS = [0, 0, 5_000, 30_000];

/** What is the next event of a room, and what may be done with it. */
export interface Next {
  readonly seq: string;
  readonly attempts: number;
  /** Tries that ended with their process. An event that has any is tried while no other of the kind is. */
  readonly killed: number;
  /** Such a try has just been found. */
  readonly found: boolean;
  readonly parked: boolean;
  /** Not before then; null: now. */
  readonly notBefore: Date | null;
}

/** Finds the next event of a room, and writes down that it is about to be tried if that is so. Null: there is none. */
export async function nextTry(db: Queryable, roomId: string): Promise<Next | null> {
  const found = await db.query<Next & Record<string, unknown>>(
    `WITH quickly AS (SELECT set_config('synchronous_commit', 'off', true)),
     next AS (
       SELECT seq, coalesce(retry_at > now(), false) AS waits, tried_by IS NOT NULL AND tried_by <> $2 AS found
       FROM inbox WHERE room_id = $1 AND handled_at IS NULL AND parked_at IS NULL
       ORDER BY seq LIMIT 1 FOR UPDATE)
     UPDATE inbox SET
       tried_by = CASE WHEN found OR waits OR killed > 0 THEN NULL ELSE $2::uuid END,
       killed = killed + found::integer,
       retry_at = CASE WHEN found THEN now() + ($4::integer[])[killed + 1] * interval '1 millisecond' ELSE retry_at END,
       parked_at = CASE WHEN found AND killed + 1 >= $3 THEN now() END,
       attempts = attempts + CASE WHEN found AND killed + 1 >= $3 THEN killed + 1 ELSE 0 END,
       last_error = CASE WHEN found THEN 'the process ended' ELSE last_error END
     FROM next, quickly WHERE inbox.seq = next.seq
     RETURNING inbox.seq, attempts, killed, found, parked_at IS NOT NULL AS parked,
       CASE WHEN retry_at > now() THEN retry_at END AS "notBefore"`,
    [roomId, THIS_PROCESS, MOST_KILLED, WAITS],
  );
  return found.rows[0] ?? null;
}

/** The advisory lock of whoever tries an event that processes ended with; any constant. */
const ALONE = 7_316_031;

/**
 * Begins the try of an event that processes ended with, while no other such event is tried: so it is known which of
 * them a process ends with next. @returns false: another is being tried.
 */
export async function tryAlone(database: Database, tx: Transaction, seq: string): Promise<boolean> {
  const locked = await tx.query<{ mine: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS mine", [ALONE]);
  if (locked.rows[0]?.mine !== true) return false;
  await database.query("UPDATE inbox SET tried_by = $2 WHERE seq = $1", [seq, THIS_PROCESS]);
  return true;
}
