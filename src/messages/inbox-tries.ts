/**
 * Records each try of an event before it begins: an event that kills or hangs the process leaves no other trace. It
 * costs one statement that does not wait for the disk: losing it with PostgreSQL only means knowing less.
 */

import { randomUUID } from "node:crypto";
import type { Database, Queryable, Transaction } from "../store/database.ts";

/** This process, as long as it lives. A try that it began and has not ended did not kill it. */
const THIS_PROCESS = randomUUID();

/** An event is parked after this many processes ended while trying it: each one interrupted everyone's messages. */
export const MOST_KILLED = 4;
/** Milliseconds until the next try, by how many tries ended with their process: others get the time between. */
const WAITS = [0, 0, 5_000, 30_000];

/** A room's next event, and what may be done with it. */
export interface Next {
  readonly seq: string;
  readonly attempts: number;
  /** Tries that ended with their process. An event with any is tried while no other such event is. */
  readonly killed: number;
  /** Such a try has just been found. */
  readonly found: boolean;
  readonly parked: boolean;
  /** Not before this time; null: now. */
  readonly notBefore: Date | null;
}

/** Finds a room's next event and records that it is about to be tried, if it is. Null: there is none. */
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

/** The advisory lock held while trying an event that ended processes; any constant. */
const ALONE = 7_316_031;

/**
 * Begins trying an event that ended processes, while no other such event is being tried: this shows which of them ends
 * the next process. @returns false: another one is being tried.
 */
export async function tryAlone(database: Database, tx: Transaction, seq: string): Promise<boolean> {
  const locked = await tx.query<{ mine: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS mine", [ALONE]);
  if (locked.rows[0]?.mine !== true) return false;
  await database.query("UPDATE inbox SET tried_by = $2 WHERE seq = $1", [seq, THIS_PROCESS]);
  return true;
}
