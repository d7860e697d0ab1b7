import type { ConversationId, EventId, UserId, Username } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { addJobs } from "../store/jobs.ts";
import type { MatrixEvent } from "./event.ts";
import { type Purpose, RANK } from "./purpose.ts";
import { cutToFit } from "./size.ts";

/** In the content of everything Whisper sends: the ref of its outbox row, by which the sent event is found again. */
export const REF_KEY = "au.healthtrack.whisper.ref";

/** How the ref of a message begins that is repeated in another room (messages/carry-over.ts). */
export const MOVED = "moved:";
export const movedRef = (event: EventId): string => `${MOVED}${event}`;

/**
 * The only way in which Whisper sends an event. The transaction that causes it writes the row; a job then sends a
 * conversation's rows, each exactly once and in order, except that what people wait for goes first (RANK). It records
 * the event ids.
 */
export interface Send {
  /** Identifies the send for ever, derived from the row that caused it: the same ref twice is one send. */
  readonly ref: string;
  readonly conversation: ConversationId;
  readonly purpose: Purpose;
  /** The sender; by default the bot. */
  readonly as?: UserId;
  /** `m.room.message`, `m.reaction`, `m.room.redaction`, or one of our own types. */
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /**
   * The event this is about, if any: a reaction's target, a redaction's, a reply's, or a thread's root (put where
   * `content["m.relates_to"]` or the redaction needs it). By our own ref, or by event id.
   */
  readonly target?: { readonly ref: string } | { readonly event: EventId };
  /**
   * It may have been sent since then, by a Whisper whose newer database is lost: it is looked for in the room first, as
   * after an interrupted try.
   */
  readonly since?: Date | undefined;
}

/**
 * Queues sends, in this order, and the jobs that carry them out. A known ref changes nothing. Content too large for an
 * event is cut: a caller that could ask for less checks first (messages/size.ts).
 */
export async function enqueueSends(tx: Transaction, sends: readonly Send[]): Promise<void> {
  if (sends.length === 0) return;
  const rows = sends.map((send, index) => ({
    index,
    ref: send.ref,
    conversation_id: send.conversation,
    as_user: send.as ?? null,
    purpose: send.purpose,
    rank: RANK[send.purpose.is],
    type: send.type,
    content: cutToFit(send.content),
    target_ref: send.target && "ref" in send.target ? send.target.ref : null,
    target_event: send.target && "event" in send.target ? send.target.event : null,
    attempted_at: send.since ?? null,
  }));
  const stored = tx.query(
    `INSERT INTO outbox (ref, conversation_id, purpose, rank, as_user, type, content, target_ref, target_event, attempted_at)
     SELECT ref, conversation_id, purpose, rank, as_user, type, content, target_ref, target_event, attempted_at
     FROM json_to_recordset($1) AS s(index integer, ref text, conversation_id text, purpose jsonb, rank smallint,
       as_user text, type text, content jsonb, target_ref text, target_event text, attempted_at timestamptz)
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

/** Queues the waiting sends of these conversations, after a room was made or by hand. */
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
 * The sends that are in no current room of their conversation and not on their way there: given up, or sent into a room
 * that has since been replaced.
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

/** Was the message said in a room that has been replaced, and not repeated since? Nothing can be put under it. */
export async function isOutOfReach(
  db: Queryable,
  conversation: ConversationId,
  event: EventId,
): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM inbox JOIN conversations c ON c.id = $1
     WHERE inbox.event_id = $2 AND inbox.room_id <> c.room_id AND NOT EXISTS (SELECT FROM outbox WHERE ref = $3)`,
    [conversation, event, movedRef(event)],
  );
  return found.rowCount === 1;
}

interface QueuedSend extends Pick<Send, "conversation" | "content"> {
  /** The sender; null: the bot. */
  readonly as_user: UserId | null;
}

/** What was queued with a ref, sent or not. Its content is empty once it is forgotten. Null: nothing was. */
export async function queuedSend(db: Queryable, ref: string): Promise<QueuedSend | null> {
  const found = await db.query<QueuedSend & Record<string, unknown>>(
    "SELECT conversation_id AS conversation, content, as_user FROM outbox WHERE ref = $1",
    [ref],
  );
  return found.rows[0] ?? null;
}

/** The same for several refs; those under which nothing was queued are left out. */
export async function queuedSends(
  db: Queryable,
  refs: readonly string[],
): Promise<ReadonlyMap<string, QueuedSend>> {
  const found = await db.query<QueuedSend & { ref: string } & Record<string, unknown>>(
    "SELECT ref, conversation_id AS conversation, content, as_user FROM outbox WHERE ref = ANY($1)",
    [refs],
  );
  return new Map(found.rows.map((row) => [row.ref, row]));
}

/**
 * The ref of the send that became this event of ours, even while its event id is still to be recorded; null: not ours.
 */
export async function refOfEvent(db: Queryable, bot: UserId, event: EventId): Promise<string | null> {
  const found = await db.query<{ ref: string | null }>(
    `SELECT ref FROM outbox WHERE event_id = $1
     UNION ALL SELECT event->'content'->>$2 FROM inbox WHERE event_id = $1 AND event->>'sender' = $3 LIMIT 1`,
    [event, REF_KEY, bot],
  );
  return found.rows[0]?.ref ?? null;
}

/**
 * Did Whisper send this event in someone's name? A ref in its content alone does not show it: people can read refs, and
 * send them.
 */
export async function isSentInNameOf(
  db: Queryable,
  { event_id, sender, content }: MatrixEvent,
): Promise<boolean> {
  const ref = content[REF_KEY];
  if (typeof ref !== "string") return false;
  const found = await db.query(
    "SELECT FROM outbox WHERE ref = $1 AND as_user = $2 AND (event_id IS NULL OR event_id = $3)",
    [ref, sender, event_id],
  );
  return found.rowCount === 1;
}

/**
 * Is a send of the conversation under way? It may be in the room already, with its event id still to be recorded, after
 * a process ended in between.
 */
export async function isBeingSent(db: Queryable, conversation: ConversationId): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM outbox WHERE conversation_id = $1 AND attempted_at IS NOT NULL AND sent_at IS NULL AND dropped_at IS NULL
     LIMIT 1`,
    [conversation],
  );
  return found.rowCount === 1;
}

/** Is another answer of theirs about the arrival on its way, or was one passed on? */
export async function isAnswerOnItsWay(
  db: Queryable,
  arrival: string,
  username: Username,
  besides: EventId,
): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM outbox WHERE purpose->>'is' = 'pass_on' AND purpose->>'arrival' = $1 AND purpose->>'username' = $2
       AND purpose->>'event' <> $3 AND dropped_at IS NULL LIMIT 1`,
    [arrival, username, besides],
  );
  return found.rows.length > 0;
}

/** A message from Whisper is deleted in the conversation: its text and the texts of its edits are deleted here too. */
export async function emptyRedactedSend(db: Queryable, event: string): Promise<void> {
  await db.query(
    `WITH deleted AS (UPDATE outbox SET content = '{}' WHERE event_id = $1 AND sent_at IS NOT NULL RETURNING ref)
     UPDATE outbox AS o SET content = '{}' FROM deleted
     WHERE o.target_ref = deleted.ref AND o.sent_at IS NOT NULL
       AND o.content->'m.relates_to'->>'rel_type' = 'm.replace'`,
    [event],
  );
}

/** Sends handled per statement. */
const BATCH = 2_000;

/**
 * Forgets what was sent or given up before this time: reactions, deletions and edits entirely, and the content of
 * everything else. The ref and the event id stay, so that it is never sent again and can still be redacted.
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

/** Withdraws sends that have not begun. @returns those. */
export async function dropUnsent(tx: Transaction, all: readonly string[]): Promise<ReadonlySet<string>> {
  const dropped = await tx.query<{ ref: string }>(
    `UPDATE outbox SET dropped_at = now(), last_error = 'RETRACTED'
     WHERE ref = ANY($1) AND attempted_at IS NULL AND sent_at IS NULL AND dropped_at IS NULL RETURNING ref`,
    [all],
  );
  return new Set(dropped.rows.map((row) => row.ref));
}
