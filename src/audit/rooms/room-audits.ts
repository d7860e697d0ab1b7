import { randomUUID } from "node:crypto";
import type { ConversationId, ConversationKind, RoomId } from "../../policy/model.ts";
import type { Finding } from "../../policy/rooms/findings.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import type { RoomReport } from "./audit-rooms.ts";

/** A requested audit of the rooms. */
export interface RoomAuditRequest {
  /** Identifies it for ever: two requests with one id are one audit. */
  readonly id: string;
  /** Null: every room. */
  readonly roomIds: readonly RoomId[] | null;
  readonly repair: boolean;
  /** When to post the outcome in the admin room. */
  readonly tells: "always" | "if_differing" | "never";
}

/** A room that differs, as the report has it. */
export interface AuditedRoom {
  readonly room_id: RoomId | null;
  readonly conversation: ConversationId | null;
  readonly kind: ConversationKind | null;
  readonly findings: readonly Finding[];
}

export interface RoomAuditResult {
  readonly id: string;
  readonly room_ids: readonly string[] | null;
  readonly repair: boolean;
  readonly started_at: Date | null;
  /** Null while it waits or is in progress; `rooms` then holds the findings so far. */
  readonly finished_at: Date | null;
  readonly rooms: readonly AuditedRoom[];
}

/** How long reports are kept. */
const KEPT = "7 days";

/** Queues an audit. */
export async function queueRoomAudit(tx: Transaction, audit: RoomAuditRequest): Promise<void> {
  await tx.query(
    "INSERT INTO room_audits (id, room_ids, repair, tells) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
    [audit.id, audit.roomIds, audit.repair, audit.tells],
  );
  // An audit of some rooms does not wait for one of all rooms.
  await addJob(
    tx,
    "room_audit",
    { audit_id: audit.id },
    { queue: `room_audit:${audit.id}`, priority: audit.roomIds === null ? 20 : 10 },
  );
}

/**
 * Queues an audit for someone who reads the report themselves. If an equal one is waiting to begin, they share it, so
 * repeated requests cost nothing.
 * @returns its id.
 */
export async function requestRoomAudit(
  tx: Transaction,
  { roomIds, repair }: Pick<RoomAuditRequest, "roomIds" | "repair">,
): Promise<string> {
  // Locked: it cannot begin before this transaction commits, so it sees the rooms as they are afterwards.
  const waiting = await tx.query<{ id: string }>(
    `SELECT id FROM room_audits
     WHERE started_at IS NULL AND tells = 'never' AND repair = $2 AND room_ids IS NOT DISTINCT FROM $1
     LIMIT 1 FOR UPDATE`,
    [roomIds, repair],
  );
  const known = waiting.rows[0]?.id;
  if (known !== undefined) return known;
  const id = randomUUID();
  await queueRoomAudit(tx, { id, roomIds, repair, tells: "never" });
  return id;
}

/**
 * Marks an audit as begun, even if it was begun before and interrupted. Forgets old reports.
 * @returns null if nobody requests it any more.
 */
export async function beginRoomAudit(db: Queryable, id: string): Promise<RoomAuditRequest | null> {
  const begun = await db.query<RoomAuditRequest & { room_ids: readonly RoomId[] | null }>(
    `WITH old AS (DELETE FROM room_audits WHERE asked_at < now() - interval '${KEPT}' AND id <> $1),
          again AS (DELETE FROM room_audit_findings WHERE audit_id = $1)
     UPDATE room_audits SET started_at = now(), finished_at = NULL WHERE id = $1
     RETURNING id, room_ids, repair, tells`,
    [id],
  );
  const [row] = begun.rows;
  return row === undefined ? null : { id, roomIds: row.room_ids, repair: row.repair, tells: row.tells };
}

export async function recordAuditedRoom(
  db: Queryable,
  id: string,
  position: number,
  room: RoomReport,
): Promise<void> {
  await db.query(
    `INSERT INTO room_audit_findings (audit_id, position, room) VALUES ($1, $2, $3)
     ON CONFLICT (audit_id, position) DO UPDATE SET room = excluded.room`,
    [id, position, JSON.stringify(auditedRoom(room))],
  );
}

export async function finishRoomAudit(db: Queryable, id: string): Promise<void> {
  await db.query("UPDATE room_audits SET finished_at = now() WHERE id = $1", [id]);
}

/** The audit with this id, or the last finished one. Null: there is none. */
export async function roomAuditResult(db: Queryable, id: string | null): Promise<RoomAuditResult | null> {
  const found = await db.query<RoomAuditResult & Record<string, unknown>>(
    `SELECT a.id, a.room_ids, a.repair, a.started_at, a.finished_at,
       coalesce((SELECT json_agg(f.room ORDER BY f.position) FROM room_audit_findings f WHERE f.audit_id = a.id), '[]') AS rooms
     FROM room_audits a WHERE CASE WHEN $1::text IS NULL THEN a.finished_at IS NOT NULL ELSE a.id = $1 END
     ORDER BY a.finished_at DESC NULLS FIRST LIMIT 1`,
    [id],
  );
  return found.rows[0] ?? null;
}

const auditedRoom = (report: RoomReport): AuditedRoom => ({
  room_id: report.roomId,
  conversation: report.is === "unknown" || report.is === "account" ? null : report.conversation,
  kind: report.is === "conversation" ? report.kind : null,
  findings: report.findings,
});
