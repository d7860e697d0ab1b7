import type { ConversationId, EventId, RoomId, UserId } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";
import { MOVED } from "./outbox.ts";
import { type Purpose, RANK } from "./purpose.ts";

/** The sender's side of the outbox (appservice/sending/outbox-sender.ts). */

/** A send whose turn it is. */
export interface DueSend {
  readonly seq: number;
  readonly ref: string;
  /** The room of its conversation. */
  readonly room_id: RoomId;
  readonly purpose: Purpose;
  readonly as_user: UserId | null;
  readonly type: string;
  readonly content: Record<string, unknown>;
  /** Of an event in a room that has been replaced: the ref of its repetition, if there is one. */
  readonly target_ref: string | null;
  readonly target_event: EventId | null;
  /** The event that `target_ref` became, if it was sent into this room. */
  readonly target_sent: EventId | null;
  /** When it was first tried; null: it never was. */
  readonly attempted_at: Date | null;
  /** Refusals so far. */
  readonly attempts: number;
}

/**
 * The next sends, first those that people wait for, marked as attempted before they are made: from here on they may
 * have happened. They are locked before they are chosen, since a transaction that withdraws a send may be about to
 * commit. None while the room is still to be made; making it wakes this outbox.
 */
export async function claimSends(
  db: Queryable,
  conversation: ConversationId,
  most: number,
): Promise<DueSend[]> {
  const claimed = await db.query<Omit<DueSend, "seq"> & { seq: string }>(
    `UPDATE outbox AS o SET attempted_at = coalesce(o.attempted_at, clock_timestamp())
     FROM (SELECT w.seq, w.attempted_at, c.room_id, t.event_id AS target_sent, about.target_ref, about.target_event
           FROM outbox w JOIN conversations c ON c.id = w.conversation_id AND c.room_id IS NOT NULL
             -- What was said or sent in a room that has been replaced since is out of reach, unless it was repeated.
             CROSS JOIN LATERAL (
               SELECT CASE WHEN gone THEN $3 || w.target_event ELSE w.target_ref END AS target_ref,
                      CASE WHEN gone THEN NULL ELSE w.target_event END AS target_event
               FROM (SELECT w.type <> 'm.room.redaction' AND EXISTS (SELECT FROM inbox
                       WHERE event_id = w.target_event AND inbox.room_id <> c.room_id) AS gone) AS place) AS about
             LEFT JOIN outbox t ON t.ref = about.target_ref AND t.room_id = c.room_id
           WHERE w.conversation_id = $1 AND w.sent_at IS NULL AND w.dropped_at IS NULL
           ORDER BY w.rank, w.seq LIMIT $2 FOR UPDATE OF w) AS next
     WHERE o.seq = next.seq
     RETURNING o.seq, o.ref, next.room_id, o.purpose, o.as_user, o.type, o.content, next.target_ref, next.target_event,
               next.target_sent, next.attempted_at, o.attempts`,
    [conversation, most, MOVED],
  );
  return claimed.rows
    .map((row) => ({ ...row, seq: Number(row.seq) }))
    .toSorted((one, other) => RANK[one.purpose.is] - RANK[other.purpose.is] || one.seq - other.seq);
}

/**
 * Does a send wait that goes before this one, although it was queued after these were claimed? Whoever queued it queued
 * a job for it in the same transaction.
 */
export async function isOvertaken(
  db: Queryable,
  conversation: ConversationId,
  send: DueSend,
  claimed: readonly DueSend[],
): Promise<boolean> {
  const rank = RANK[send.purpose.is];
  if (rank === 0) return false;
  const found = await db.query(
    `SELECT FROM outbox WHERE conversation_id = $1 AND rank < $2 AND seq <> ALL($3)
       AND sent_at IS NULL AND dropped_at IS NULL LIMIT 1`,
    [conversation, rank, claimed.map(({ seq }) => seq)],
  );
  return found.rowCount === 1;
}

/**
 * Records what was sent, and returns sends that were claimed but not begun: they may still be withdrawn. This need not
 * be on the disk immediately: after a power cut the claim is there, and what was sent is found in the room. A send into
 * a room that was replaced meanwhile reached nobody, and is repeated in the next one.
 */
export async function settleSends(
  db: Queryable,
  room: RoomId | undefined,
  sent: ReadonlyMap<string, EventId>,
  untouched: readonly DueSend[],
): Promise<void> {
  if (sent.size > 0)
    await db.query(
      `WITH later AS (SELECT set_config('synchronous_commit', 'off', true))
       UPDATE outbox AS o SET event_id = s.event_id, room_id = $3, sent_at = now(), last_error = NULL
       FROM unnest($1::text[], $2::text[]) AS s(ref, event_id), later
       WHERE o.ref = s.ref AND EXISTS (SELECT FROM conversations c WHERE c.id = o.conversation_id AND c.room_id = $3)`,
      [[...sent.keys()], [...sent.values()], room],
    );
  const first = untouched.filter(({ attempted_at }) => attempted_at === null).map(({ seq }) => seq);
  if (first.length > 0) await db.query("UPDATE outbox SET attempted_at = NULL WHERE seq = ANY($1)", [first]);
}

/** The homeserver refused a send. */
export async function countRefusal(db: Queryable, seq: number, errcode: string): Promise<void> {
  await db.query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE seq = $1", [seq, errcode]);
}

/** The send is given up. */
export async function dropSend(db: Queryable, seq: number, errcode: string): Promise<void> {
  await db.query("UPDATE outbox SET dropped_at = now(), last_error = $2 WHERE seq = $1", [seq, errcode]);
}
