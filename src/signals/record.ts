import { JOINED_MEMBERS } from "../mirror/members.ts";
import type { ConversationKind, RoomId, UserId, Username } from "../policy/model.ts";
import { onlyRow, type Queryable, type Transaction } from "../store/database.ts";

/** A message was written in a room. */
export interface MessageSignal {
  readonly kind: "message";
  readonly room: RoomId;
  readonly content: {
    readonly conversation: string;
    readonly kind: ConversationKind;
    readonly sender: UserId;
    readonly event: string;
    /** Milliseconds since 1970: when it was written, which may be long before Whisper hears of it. */
    readonly sent_at?: number;
  };
}

/** A notice of a patient's arrival came, changed or went. */
export interface ArrivalSignal {
  readonly kind: "arrival";
  readonly username: Username;
  readonly content: { readonly arrival: string; readonly state: string };
}

/** A person opened a patient's link. */
export interface PatientOpenSignal {
  readonly kind: "patient_open";
  readonly username: Username;
  readonly content: { readonly patient: string };
}

export type NewSignal = MessageSignal | ArrivalSignal | PatientOpenSignal;

export type Signal = NewSignal & {
  readonly id: string;
  /** The transaction that wrote it. */
  readonly xid: string;
  /** Seconds since then. */
  readonly age: number;
};

/** Queues signals in the transaction that causes them, and wakes every process that has listeners. */
export async function addSignals(tx: Transaction, signals: readonly NewSignal[]): Promise<void> {
  if (signals.length === 0) return;
  await tx.query(
    `WITH added AS (
       INSERT INTO signals (kind, room_id, username, content)
       SELECT kind, room, username, content
       FROM json_to_recordset($1) AS s(kind text, room text, username text, content jsonb) RETURNING id)
     SELECT pg_notify('whisper_signal', '') FROM added LIMIT 1`,
    [JSON.stringify(signals)],
  );
}

/** SQL for a row `s` of the table as a `Signal`; null: there is none. */
const SIGNAL = `CASE WHEN s.id IS NULL THEN NULL ELSE
  json_build_object('id', s.id::text, 'xid', s.xid::text, 'kind', s.kind, 'room', s.room_id, 'username', s.username,
    'content', s.content, 'age', extract(epoch FROM now() - s.at)) END`;

export interface SeenSignals {
  readonly signals: readonly Signal[];
  /** Every transaction before this one had ended, so its signals are among these or were before. */
  readonly horizon: string;
}

/**
 * The signals of all transactions from `horizon` on that have been committed, in order; null: none, only the horizon of
 * now. Ids alone would not do: a transaction that began earlier may be committed later.
 */
export async function signalsFrom(db: Queryable, horizon: string | null): Promise<SeenSignals> {
  const found = await db.query<{ horizon: string; signal: Signal | null }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
            ${SIGNAL} AS signal
     FROM (VALUES (1)) AS one LEFT JOIN signals s ON s.xid >= $1::xid8 ORDER BY s.id`,
    [horizon],
  );
  const [first] = found.rows;
  if (first === undefined) throw new Error("PostgreSQL gave no row for its own snapshot");
  return { horizon: first.horizon, signals: found.rows.flatMap(({ signal }) => signal ?? []) };
}

/**
 * What a user missed: their own signals and those of the rooms they are in now. Null: more than `most`.
 */
export async function signalsMissed(
  db: Queryable,
  horizon: string,
  { username, user }: { readonly username: Username; readonly user: UserId },
  most: number,
): Promise<SeenSignals | null> {
  const found = await db.query<{ horizon: string; signal: Signal | null }>(
    `SELECT now.horizon::text AS horizon,
            ${SIGNAL} AS signal
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS now
     LEFT JOIN signals s ON s.xid >= $1::xid8
       AND (s.username = $2 OR s.room_id IN (SELECT room_id FROM (${JOINED_MEMBERS}) AS m WHERE m.user_id = $3))
     ORDER BY s.id LIMIT $4`,
    [horizon, username, user, most + 1],
  );
  if (found.rows.length > most) return null;
  return {
    horizon: found.rows[0]?.horizon ?? horizon,
    signals: found.rows.flatMap(({ signal }) => signal ?? []),
  };
}

/** For this many milliseconds a listener that was away can catch up. */
export const KEPT = 86_400_000;

/** Has everything since this moment been kept, by this horizon? Not after the database was restored. */
export async function isKept(db: Queryable, horizon: string, at: Date): Promise<boolean> {
  const { is } = onlyRow(
    await db.query<{ is: boolean }>(
      `SELECT $1::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) AND $2 > now() - $3 * interval '1 millisecond' AS is`,
      [horizon, at, KEPT],
    ),
  );
  return is;
}

/** Forgets signals that nobody can catch up on any more. */
export async function forgetSignals(db: Queryable): Promise<void> {
  await db.query("DELETE FROM signals WHERE at < now() - $1 * interval '1 millisecond'", [KEPT]);
}
