import type { ConversationId, Selection, Username } from "../policy/model.ts";
import { onlyRow, type Queryable } from "../store/database.ts";
import { recordChanges } from "./change-log.ts";

export interface NewCustomGroup {
  readonly createdBy: Username;
  readonly name: string | null;
  readonly selection: Selection;
  /** For a group made from a room: the time of the newest state event that it was made from. */
  readonly madeFrom?: number;
}

/** Creates a custom group's record; its room follows. */
export async function insertCustomGroup(tx: Queryable, group: NewCustomGroup): Promise<ConversationId> {
  const { id } = onlyRow(
    await tx.query<{ id: ConversationId }>(
      `WITH new AS (SELECT gen_random_uuid()::text AS id)
       INSERT INTO conversations (id, kind, natural_key, name, created_by, made_from)
       SELECT id, 'custom', 'custom:' || id, $1, $2, $3 FROM new RETURNING id`,
      [group.name, group.createdBy, group.madeFrom ?? 0],
    ),
  );
  await replaceSelection(tx, id, group.selection);
  return id;
}

/** Writes the group's name, even an unchanged one, as its next revision. */
export async function nameCustomGroup(tx: Queryable, id: ConversationId, name: string | null): Promise<void> {
  await tx.query(
    `WITH changed AS (
       UPDATE conversations SET name = $2, revision = revision + 1 WHERE id = $1 RETURNING room_id)
     SELECT pg_notify('whisper_room', room_id) FROM changed WHERE room_id IS NOT NULL`,
    [id, name],
  );
}

/** SQL for the time (milliseconds) of what the group's first selection already includes, as `made_from`. */
export const madeFrom = (id: string): string => `SELECT made_from FROM conversations WHERE id = ${id}`;

/** Makes everyone who holds the group in memory read it again. The caller queues what follows from the change. */
export const customGroupChanged = (tx: Queryable, id: ConversationId): Promise<void> =>
  recordChanges(tx, [{ kind: "custom_group", subject: id }], true);

/** Replaces what the group is made of. */
export async function replaceSelection(
  tx: Queryable,
  id: ConversationId,
  selection: Selection,
): Promise<void> {
  const members = [
    ...selection.users.map((member) => ({ kind: "user", member })),
    ...selection.securityGroups.map((member) => ({ kind: "security_group", member })),
    ...selection.customGroups.map((member) => ({ kind: "custom_group", member })),
  ];
  await tx.query("DELETE FROM custom_group_members WHERE conversation_id = $1", [id]);
  await tx.query(
    `INSERT INTO custom_group_members (conversation_id, kind, member)
     SELECT $1, kind, member FROM json_to_recordset($2) AS m(kind text, member text)`,
    [id, JSON.stringify(members)],
  );
  await customGroupChanged(tx, id);
}
