import type { ConversationId, EventId, Username } from "../../policy/model.ts";
import type { SmsState } from "../../policy/sms/states.ts";
import { onlyRow, type Queryable, type Transaction } from "../../store/database.ts";

/** One SMS that goes out. */
export interface SmsMessage {
  readonly id: string;
  readonly number: string;
  readonly conversation: ConversationId;
  readonly shownEvent: EventId;
  readonly sender: Username;
  readonly recipient: Username;
  readonly body: string;
  readonly state: SmsState;
  readonly reason: string | null;
  readonly notBefore: Date;
  readonly tries: number;
  readonly saidAt: Date;
  /** Milliseconds since the message was written. */
  readonly age: number;
  readonly stateAt: Date;
  /** When its sender decided to send it again; null: they were never asked, or not yet. */
  readonly decidedAt: Date | null;
  /** Its message was deleted while the provider might have it. */
  readonly withdrawn: boolean;
}

const COLUMNS = `id::text, number, conversation_id AS conversation, shown_event AS "shownEvent", sender, recipient, body,
  state, reason, not_before AS "notBefore", tries, said_at AS "saidAt", state_at AS "stateAt", withdrawn,
  decided_at AS "decidedAt", (extract(epoch FROM clock_timestamp() - said_at) * 1000)::float AS age`;

export interface NewSms {
  /** The message as its sender first wrote it. */
  readonly event: EventId;
  readonly shownEvent: EventId;
  readonly number: string;
  readonly conversation: ConversationId;
  readonly sender: Username;
  readonly recipient: Username;
  readonly body: string;
  readonly segments: number;
  readonly notBefore: Date;
  readonly saidAt: Date;
}

/** Queues an SMS. Null: this message has been queued for this number before, so it is never sent twice. */
export async function addSms(tx: Transaction, sms: NewSms): Promise<string | null> {
  const added = await tx.query<{ id: string }>(
    `INSERT INTO sms_messages (event_id, shown_event, number, conversation_id, sender, recipient, body, segments,
       not_before, said_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (event_id, number) DO NOTHING RETURNING id::text`,
    [
      sms.event,
      sms.shownEvent,
      sms.number,
      sms.conversation,
      sms.sender,
      sms.recipient,
      sms.body,
      sms.segments,
      sms.notBefore,
      sms.saidAt,
    ],
  );
  return added.rows[0]?.id ?? null;
}

/** The state of the SMS that this message, as its sender first wrote it, was queued as; null: it was not. */
export async function stateOfSms(db: Queryable, event: EventId): Promise<SmsState | null> {
  const found = await db.query<{ state: SmsState }>(
    "SELECT state FROM sms_messages WHERE event_id = $1 ORDER BY id DESC LIMIT 1",
    [event],
  );
  return found.rows[0]?.state ?? null;
}

/** The SMS, locked until the transaction ends. */
export async function lockSms(tx: Transaction, id: string): Promise<SmsMessage | null> {
  const found = await tx.query<SmsMessage & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM sms_messages WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return found.rows[0] ?? null;
}

/** The SMS of the message shown as this event. */
export async function smsOfEvent(db: Queryable, event: EventId): Promise<readonly SmsMessage[]> {
  const found = await db.query<SmsMessage & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM sms_messages WHERE shown_event = $1`,
    [event],
  );
  return found.rows;
}

/** A later reason is added, and none takes an earlier one away: a bare report may follow the one that said why. */
export async function setState(
  tx: Transaction,
  id: string,
  state: SmsState,
  { reason, notBefore, tried }: { reason?: string | null; notBefore?: Date; tried?: true } = {},
): Promise<void> {
  await tx.query(
    `UPDATE sms_messages SET state_at = CASE WHEN state = $2 THEN state_at ELSE now() END, state = $2,
       reason = coalesce($3, reason), not_before = coalesce($4, not_before),
       tries = tries + $5
     WHERE id = $1`,
    [id, state, reason ?? null, notBefore ?? null, tried ? 1 : 0],
  );
}

/** Its message was deleted while the provider may have it: it is not sent again, and its text goes once that is known. */
export async function markWithdrawn(tx: Transaction, id: string): Promise<void> {
  await tx.query("UPDATE sms_messages SET withdrawn = true WHERE id = $1", [id]);
}

/** Deletes the text. */
export async function emptyBody(tx: Transaction, id: string): Promise<void> {
  await tx.query("UPDATE sms_messages SET body = '' WHERE id = $1", [id]);
}

/** Others that do the same for this user wait until the transaction ends. */
export async function lockSender(tx: Transaction, sender: Username): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('sms of ' || $1, 0))", [sender]);
}

/** How many SMS the user has queued today, by the practice's clock. */
export async function sentToday(db: Queryable, sender: Username, timezone: string): Promise<number> {
  const found = await db.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM sms_messages
     WHERE sender = $1 AND state <> 'cancelled'
       AND created_at >= date_trunc('day', now() AT TIME ZONE $2) AT TIME ZONE $2`,
    [sender, timezone],
  );
  return onlyRow(found).count;
}

/** The SMS to the number that went out last in that time, or may have: a reply belongs to its conversation. */
export async function lastSmsTo(
  db: Queryable,
  number: string,
  { since, until }: { readonly since: Date; readonly until: Date | null },
): Promise<SmsMessage | null> {
  const found = await db.query<SmsMessage & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM sms_messages
     CROSS JOIN LATERAL (SELECT max(started_at) AS tried_at FROM sms_attempts
       WHERE sms_id = sms_messages.id AND started_at <= coalesce($3::timestamptz, 'infinity')) attempts
     WHERE number = $1 AND tried_at >= $2
       AND state IN ('submitting', 'unknown', 'review', 'left', 'accepted', 'sent', 'delivered', 'undelivered')
     ORDER BY tried_at DESC, id DESC LIMIT 1`,
    [number, since, until],
  );
  return found.rows[0] ?? null;
}

/** SMS whose senders are asked what to do. */
export async function smsInReview(db: Queryable): Promise<readonly SmsMessage[]> {
  const found = await db.query<SmsMessage & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM sms_messages WHERE state = 'review' ORDER BY id LIMIT 500`,
  );
  return found.rows;
}

/** The same in one conversation. */
export async function reviewsIn(db: Queryable, conversation: ConversationId): Promise<readonly string[]> {
  const found = await db.query<{ id: string }>(
    "SELECT id::text FROM sms_messages WHERE state = 'review' AND conversation_id = $1 ORDER BY sms_messages.id",
    [conversation],
  );
  return found.rows.map(({ id }) => id);
}

/** Forgets texts and attempts of SMS from before this time. The row stays: it is never sent again. */
export async function forgetSms(db: Queryable, before: Date): Promise<void> {
  await db.query("UPDATE sms_messages SET body = '' WHERE created_at < $1 AND body <> ''", [before]);
  await db.query("DELETE FROM sms_reports WHERE received_at < $1", [before]);
}

/** Its sender decided to send it again: as if it had never been tried. */
export async function requeue(tx: Transaction, id: string, at: Date): Promise<void> {
  await tx.query(
    `UPDATE sms_messages SET state = 'queued', state_at = now(), tries = 0, not_before = now(), decided_at = $2
     WHERE id = $1`,
    [id, at],
  );
}

/** How many other SMS with the same text to the same number the provider may have, without our knowing which. */
export async function othersLookedFor(db: Queryable, sms: SmsMessage): Promise<number> {
  const found = await db.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM sms_messages
     WHERE number = $1 AND body = $2 AND id <> $3
       AND (state IN ('submitting', 'unknown', 'review', 'left') OR (state = 'queued' AND decided_at IS NOT NULL))
       AND EXISTS (SELECT FROM sms_attempts WHERE sms_id = sms_messages.id AND sid IS NULL)`,
    [sms.number, sms.body, sms.id],
  );
  return onlyRow(found).count;
}
