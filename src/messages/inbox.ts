import type { Logger } from "pino";
import { Away } from "../base/away.ts";
import { storableJson } from "../base/storable.ts";
import { type Database, isDatabaseDown, onlyRow, type Queryable } from "../store/database.ts";
import { addJob, MAX_ATTEMPTS } from "../store/jobs.ts";
import { type EventHandler, parseEvent } from "./event.ts";
import { type Next, nextTry, tryAlone } from "./inbox-tries.ts";

/** An event is tried this often before it is parked as a dead letter: about twenty minutes with the back-off. */
const MAX_TRIES = 12;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 300_000;
/** Milliseconds until checking again whether an event that must be alone may be tried. */
const BUSY = 250;

/**
 * Stores events and queues their handling, in one statement. Known events are left alone: Synapse repeats a transaction
 * until it is answered, and counts from 1 again after a re-registration, so the event id decides.
 * @returns how many were new.
 */
export async function storeEvents(db: Queryable, events: readonly unknown[]): Promise<number> {
  if (events.length === 0) return 0;
  const result = await db.query<{ stored: string }>(
    `WITH incoming AS (
       SELECT ord, event->>'event_id' AS event_id, event->>'room_id' AS room_id, event->>'type' AS type, event
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS t(event, ord)),
     stored AS (
       INSERT INTO inbox (event_id, room_id, type, event)
       SELECT event_id, room_id, type, event FROM incoming ORDER BY ord
       ON CONFLICT (event_id) DO NOTHING
       RETURNING room_id),
     queued AS (
       SELECT queue_jobs(json_agg(json_build_object('identifier', 'inbox', 'max_attempts', $2::int, 'priority', -1,
           'job_key', 'inbox:' || room_id,
           'payload', json_build_object('room_id', room_id, 'queue', 'inbox:' || room_id))))
       FROM (SELECT DISTINCT room_id FROM stored) AS rooms)
     SELECT (SELECT count(*) FROM stored) AS stored, (SELECT count(*) FROM queued) AS queued`,
    [storableJson(events), MAX_ATTEMPTS],
  );
  return Number(onlyRow(result).stored);
}

/**
 * The job `inbox`: gives a room's events to the features in the order in which they were stored. Each event is one
 * transaction, with what its handlers write and the fact that it is handled. An event that fails blocks only its own
 * room, is retried with back-off, and is finally parked so that the room continues; sooner if it ends the process.
 */
export async function drainInbox(
  database: Database,
  handlers: readonly EventHandler[],
  log: Logger,
  roomId: string,
): Promise<void> {
  for (;;) {
    const outcome = await handleNext(database, handlers, log, roomId);
    if (outcome !== "handled") return;
  }
}

async function handleNext(
  database: Database,
  handlers: readonly EventHandler[],
  log: Logger,
  roomId: string,
): Promise<"handled" | "waiting" | "empty"> {
  const next = await nextTry(database, roomId);
  if (next === null) return "empty";
  if (next.found) {
    log.error({ processes: next.killed, parked: next.parked }, "the process ended while it handled an event");
    return "handled";
  }
  if (next.notBefore !== null) return later(database, roomId, next.notBefore);
  let handler = "";
  try {
    return await database.transaction(async (tx) => {
      if (next.killed > 0 && !(await tryAlone(database, tx, next.seq)))
        return later(tx, roomId, new Date(Date.now() + BUSY));
      const found = await tx.query<{ event: unknown }>(
        "SELECT event FROM inbox WHERE seq = $1 AND handled_at IS NULL AND parked_at IS NULL FOR UPDATE",
        [next.seq],
      );
      const [row] = found.rows;
      if (row === undefined) return "handled";
      const event = parseEvent(row.event);
      if (event !== undefined) {
        for (const each of handlers) {
          handler = each.name;
          await each.handle(tx, event);
        }
      }
      await tx.query("UPDATE inbox SET handled_at = now(), last_error = NULL WHERE seq = $1", [next.seq]);
      return "handled";
    });
  } catch (error) {
    // Nothing is wrong with the event, and the job is retried.
    if (isDatabaseDown(error) || error instanceof Away) throw error;
    await postpone(database, next, handler, error, log);
    return "handled";
  }
}

async function later(db: Queryable, roomId: string, runAt: Date): Promise<"waiting"> {
  await addJob(db, "inbox", { room_id: roomId }, { ...jobOf(roomId), runAt });
  return "waiting";
}

async function postpone(
  database: Database,
  { seq, attempts }: Next,
  handler: string,
  error: unknown,
  log: Logger,
): Promise<void> {
  const parked = attempts + 1 >= MAX_TRIES;
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempts);
  log.warn({ handler, attempt: attempts + 1, parked, err: error }, "an event could not be handled");
  await database.query(
    `UPDATE inbox SET attempts = attempts + 1, last_error = $2, tried_by = NULL,
            retry_at = now() + $3 * interval '1 millisecond',
            parked_at = CASE WHEN $4 THEN now() END
     WHERE seq = $1 AND handled_at IS NULL`,
    [seq, `${handler}: ${error instanceof Error ? error.name : "error"}`, wait, parked],
  );
}

const jobOf = (roomId: string) => ({ queue: `inbox:${roomId}` });
