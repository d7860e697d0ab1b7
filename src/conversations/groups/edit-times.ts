import { madeFrom } from "../../directory/custom-groups.ts";
import type { ConversationId, Selection } from "../../policy/model.ts";
import type { HandleTarget } from "../../policy/names/names.ts";
import { onlyRow, type Transaction } from "../../store/database.ts";

/** A part of a custom group's record that is edited separately. */
export interface EditedPart {
  readonly kind: "name" | "user" | "security_group" | "custom_group";
  /** Empty for the name. */
  readonly member: string;
}

export const NAME: EditedPart = { kind: "name", member: "" };

export const partOf = (target: HandleTarget): EditedPart =>
  "securityGroup" in target
    ? { kind: "security_group", member: target.securityGroup }
    : { kind: "custom_group", member: target.customGroup };

export const partsOf = ({ users, securityGroups, customGroups }: Selection): EditedPart[] => [
  ...users.map((member) => ({ kind: "user" as const, member })),
  ...securityGroups.map((securityGroup) => partOf({ securityGroup })),
  ...customGroups.map((customGroup) => partOf({ customGroup })),
];

/** Records that these parts were edited, even to the same value: earlier acts no longer count. */
export async function rememberEdits(
  tx: Transaction,
  id: ConversationId,
  parts: readonly EditedPart[],
  at: number,
): Promise<void> {
  if (parts.length === 0) return;
  await tx.query(
    `INSERT INTO custom_group_edits AS known (conversation_id, kind, member, edited_at)
     SELECT DISTINCT $1, kind, member, $3::bigint FROM json_to_recordset($2) AS p(kind text, member text)
     ON CONFLICT (conversation_id, kind, member)
       DO UPDATE SET edited_at = greatest(known.edited_at, excluded.edited_at)`,
    [id, JSON.stringify(parts), at],
  );
}

/** Was the part edited after this time, or does the group's first selection already include what happened then? */
export async function editedSince(
  tx: Transaction,
  id: ConversationId,
  { kind, member }: EditedPart,
  at: number,
): Promise<boolean> {
  const found = onlyRow(
    await tx.query<{ late: boolean }>(
      `SELECT made_from >= $4 OR EXISTS (SELECT FROM custom_group_edits
         WHERE conversation_id = $1 AND kind = $2 AND member = $3 AND edited_at > $4) AS late
       FROM (${madeFrom("$1")}) AS made`,
      [id, kind, member, at],
    ),
  );
  return found.late;
}
