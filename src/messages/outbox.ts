import type { ConversationId, EventId, UserId } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { addJobs } from "../store/jobs.ts";
import { fitted } from "./size.ts";

/** In the content of all that Whisper sends: the ref of the outbox row, by which a sent event is found again. */
export const REF_KEY = "au.healthtrack.whisper.ref";

/**
 * The only way in which Whisper sends an event. The row is written in the transaction that causes it; a job then
 * sends the rows of a conversation in order, each exactly once, and writes the event id back.
 */
export interface Send {
  /** Names the send for ever, derived from the row that caused it: the same ref twice is one send. */
  readonly ref: string;
  readonly conversation: ConversationId;
  /** Who sends it; the bot unless told. */
  readonly as?: UserId;
  /** `m.room.message`, `m.reaction`, `m.room.redaction`, or a type of our own. */
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /**
   * What it is about, if it is about an event: a reaction's target, a redaction's, a reply's or a thread's root
   * (put where `content["m.relates_to"]` or the redaction wants it). By our own ref, or by event id.
   */
  readonly target?: { readonly ref: string } | { readonly event: EventId };
}

/**
 * Queues sends, in this order, and the jobs that carry them out. A ref that is known already changes nothing. What cannot
 * become an event is cut: whoever can ask for less looks before (messages/size.ts).
 */
export async function enqueueSends(tx: Transaction, sends: readonly Send[]): Promise<void> {
  if (sends.length === 0) return;
  const rows = sends.map((send, index) => ({
    index,
    ref: send.ref,
    conversation_id: send.conversation,
    as_user: send.as ?? null,
    type: send.type,
    content: fitted(send.content),
    target_ref: send.target && "ref" in send.target ? send.target.ref : null,
    target_event: send.target && "event" in send.target ? send.target.event : null,
  }));
  const stored = tx.query(
    `INSERT INTO outbox (ref, conversation_id, as_user, type, content, target_ref, target_event)
     SELECT ref, conversation_id, as_user, type, content, target_ref, target_event
     FROM json_to_recordset($1) AS s(index integer, ref text, conversation_id text, as_user text, type text,
       content jsonb, target_ref text, target_event text)
     ORDER BY index
     ON CONFLICT (ref) DO NOTHING`,
    [JSON.stringify(rows)],
  );
  const woken = wakeOutbox(
    tx,
    sends.map((send) => send.conversation),
  );
  await Promise.all([stored, woken]);
}

/** Has the waiting sends of these conversations carried out: after a room came to be, or by hand. */
export async function wakeOutbox(db: Queryable, conversations: readonly ConversationId[]): Promise<void> {
  await addJobs(
    db,
    [...new Set(conversations)].map((id) => ({
      name: "outbox" as const,
      payload: { conversation_id: id },
      queue: `outbox:${id}`,
      promptly: true,
    })),
  );
}

/**
 * Those of these sends that stand in no room that their conversation has, and are not on their way there: given up, or
 * sent into a room that has been replaced since.
 */
export async function lostSends(db: Queryable, refs: readonly string[]): Promise<ReadonlySet<string>> {
  const lost = await db.query<{ ref: string }>(
    `SELECT o.ref FROM outbox o JOIN conversations c ON c.id = o.conversation_id
     WHERE o.ref = ANY($1)
       AND (o.dropped_at IS NOT NULL OR (o.sent_at IS NOT NULL AND o.room_id IS DISTINCT FROM c.room_id))`,
    [refs],
  );
  return new Set(lost.rows.map(({ ref }) => ref));
}

/** The ref of the send that made an event of ours, also while its event id is still to be written down; null: not ours. */
export async function refOfEvent(db: Queryable, bot: UserId, event: EventId): Promise<string | null> {
  const found = await db.query<{ ref: string | null }>(
    `SELECT ref FROM outbox WHERE event_id = $1
     UNION ALL SELECT event->'content'->>$2 FROM inbox WHERE event_id = $1 AND event->>'sender' = $3 LIMIT 1`,
    [event, REF_KEY, bot],
  );
  return found.rows[0]?.ref ?? null;
}

/** What Whisper sent is deleted in the conversation: its text is not kept either, nor that of its corrections. */
export async function emptyRedactedSend(db: Queryable, event: string): Promise<void> {
  await db.query(
    `WITH deleted AS (UPDATE outbox SET content = '{}' WHERE event_id = $1 AND sent_at IS NOT NULL RETURNING ref)
     UPDATE outbox AS o SET content = '{}' FROM deleted
     WHERE o.target_ref = deleted.ref AND o.sent_at IS NOT NULL
       AND o.content->'m.relates_to'->>'rel_type' = 'm.replace'`,
    [event],
  );
}

/** Sends looked at in one statement. */
const BATCH = 2_000;

/**
 * Forgets what was sent, or given up, before this moment: reactions, deletions and corrections wholly, of everything
 * else the content. Its ref and its event stay, so that it is never sent again and can still be taken back.
 */
export async function forgetSends(db: Queryable, before: Date): Promise<void> {
  for (let after = "0"; ; ) {
    const found = await db.query<{ seq: string }>(
      `WITH old AS (SELECT seq, type, content->'m.relates_to'->>'rel_type' AS relation FROM outbox
                    WHERE content <> '{}' AND seq > $2 AND coalesce(sent_at, dropped_at) < $1 ORDER BY seq LIMIT ${BATCH}),
            kept AS (UPDATE outbox SET content = '{}', attempts = 0 FROM old
                     WHERE outbox.seq = old.seq AND old.type <> ALL($3) AND relation IS DISTINCT FROM 'm.replace'),
            gone AS (DELETE FROM outbox USING old
                     WHERE outbox.seq = old.seq AND (old.type = ANY($3) OR relation = 'm.replace'))
       SELECT seq FROM old ORDER BY seq DESC LIMIT 1`,
      [before, after, ["m.reaction", "m.room.redaction"]],
    );
    const end = found.rows[0]?.seq;
    if (end === undefined) return;
    after = end;
  }
}

/** Takes back sends that were not begun. @returns those that were. */
export async function dropUnsent(tx: Transaction, all: readonly string[]): Promise<ReadonlySet<string>> {
  const dropped = await tx.query<{ ref: string }>(
    `UPDATE outbox SET dropped_at = now(), last_error = 'RETRACTED'
     WHERE ref = ANY($1) AND attempted_at IS NULL AND sent_at IS NULL AND dropped_at IS NULL RETURNING ref`,
    [all],
  );
  return new Set(dropped.rows.map((row) => row.ref));
}
