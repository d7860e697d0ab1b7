import type { MatrixEvent } from "../messages/event.ts";
import type { ConversationId, EventId, RoomId, Username } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { idsOfPatient } from "./merged-patients.ts";

/** The kinds of conversation in which staff talk to each other. */
export type StaffConversationKind = "individual" | "group" | "custom";

/** What was said about patients: the messages that name them, as they are now. */

/** A message that names patients. */
export interface PatientMessage {
  readonly event: EventId;
  readonly room: RoomId;
  readonly conversation: ConversationId;
  readonly kind: StaffConversationKind;
  readonly sender: Username;
  readonly sentAt: Date;
  /** The patients that it names, by the ids that it has for them. */
  readonly patients: readonly string[];
  /** As people see it now; null: it was deleted. */
  readonly text: string | null;
  readonly isEdited: boolean;
}

/** What a version of a message says about patients. */
export interface PatientsNamed {
  readonly message: EventId;
  readonly conversation: ConversationId;
  readonly kind: StaffConversationKind;
  readonly sender: Username;
  /** The message itself, or a correction of it. */
  readonly version: MatrixEvent;
  readonly patients: readonly string[];
  readonly text: string;
}

/** Keeps what the newest version of a message says about patients. What was deleted stays so. */
export async function keepPatientMessage(tx: Transaction, named: PatientsNamed): Promise<void> {
  const { version } = named;
  await tx.query(
    `INSERT INTO patient_messages AS known
       (event_id, room_id, conversation_id, kind, sender, sent_at, patient_ids, version, body)
     VALUES ($1, $2, $3, $4, $5, to_timestamp($6 / 1000.0), $7, $8, $9)
     ON CONFLICT (event_id) DO UPDATE
       SET patient_ids = excluded.patient_ids, version = excluded.version, body = excluded.body
       WHERE known.room_id = excluded.room_id AND known.sender = excluded.sender AND known.deleted_at IS NULL`,
    [
      named.message,
      version.room_id,
      named.conversation,
      named.kind,
      named.sender,
      version.origin_server_ts,
      named.patients,
      version.event_id,
      named.text,
    ],
  );
}

/** The message's sender corrected it, and now it names nobody. */
export async function forgetPatientMessage(
  tx: Transaction,
  room: RoomId,
  message: EventId,
  sender: Username,
) {
  await tx.query(
    "DELETE FROM patient_messages WHERE event_id = $1 AND room_id = $2 AND sender = $3 AND deleted_at IS NULL",
    [message, room, sender],
  );
}

/** The message, or the version of it that people saw, was deleted: its text goes, and that it was there stays. */
export async function deletePatientMessage(tx: Transaction, room: RoomId, event: EventId): Promise<void> {
  await tx.query(
    `UPDATE patient_messages SET body = NULL, deleted_at = now()
     WHERE (event_id = $1 OR version = $1) AND room_id = $2 AND deleted_at IS NULL`,
    [event, room],
  );
}

/** Where a page of messages ends. */
export interface MessagePlace {
  readonly sentAt: Date;
  readonly event: EventId;
}

/**
 * What was said about a patient, newest first: the messages that name the record that stands, or one merged into it.
 * The one source of it.
 * @param after only those after this place in the list; null: from the newest on.
 * @param most how many at most.
 */
export async function saidAboutPatient(
  db: Queryable,
  patient: string,
  { after, most }: { readonly after: MessagePlace | null; readonly most: number },
): Promise<readonly PatientMessage[]> {
  const patients = await idsOfPatient(db, patient);
  const found = await db.query<{
    event_id: EventId;
    room_id: RoomId;
    conversation_id: ConversationId;
    kind: StaffConversationKind;
    sender: Username;
    sent_at: Date;
    patient_ids: string[];
    body: string | null;
    edited: boolean;
  }>(
    `SELECT event_id, room_id, conversation_id, kind, sender, sent_at, patient_ids, body, version <> event_id AS edited
     FROM patient_messages WHERE patient_ids && $1 AND ($2::timestamptz IS NULL OR (sent_at, event_id) < ($2, $3))
     ORDER BY sent_at DESC, event_id DESC LIMIT $4`,
    [patients, after?.sentAt ?? null, after?.event ?? null, most],
  );
  return found.rows.map((row) => ({
    event: row.event_id,
    room: row.room_id,
    conversation: row.conversation_id,
    kind: row.kind,
    sender: row.sender,
    sentAt: row.sent_at,
    patients: row.patient_ids,
    text: row.body,
    isEdited: row.edited,
  }));
}
