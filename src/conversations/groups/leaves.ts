/**
 * Departures that were not real. Synapse's "Delete Room" makes each member leave as themselves, in no particular order,
 * so the first ones look like people who want to leave the group. The sign is that Whisper itself has to leave too.
 */

import { lockDirectory } from "../../directory/store.ts";
import type { ConversationId, Username } from "../../policy/model.ts";
import { canonicalSelection } from "../../policy/people/selection.ts";
import { onlyRow, type Queryable, type Transaction } from "../../store/database.ts";
import type { ConversationDependencies } from "../record/dependencies.ts";
import { changeGroup } from "./change-group.ts";
import { editedSince } from "./edit-times.ts";

/**
 * The longest that shutting down a large room takes, in milliseconds. Anyone who left just before is back, and may
 * leave again.
 */
const SHUTDOWN = 5 * 60_000;

/** Records who left a custom group by themselves. */
export async function rememberLeave(
  tx: Transaction,
  id: ConversationId,
  username: Username,
  at: number,
): Promise<void> {
  await tx.query(
    `INSERT INTO custom_group_leaves AS known (conversation_id, username, left_at) VALUES ($1, $2, $3)
     ON CONFLICT (conversation_id, username) DO UPDATE SET left_at = greatest(known.left_at, excluded.left_at)`,
    [id, username, at],
  );
}

/** Has anyone left so recently (until `at`) that it may be part of a shutdown? */
export async function leftLately(db: Queryable, id: ConversationId, at: number): Promise<boolean> {
  const found = onlyRow(
    await db.query<{ lately: boolean }>(
      "SELECT EXISTS (SELECT FROM custom_group_leaves WHERE conversation_id = $1 AND left_at > $2) AS lately",
      [id, at - SHUTDOWN],
    ),
  );
  return found.lately;
}

/**
 * Puts everyone who left the room when it was shut down, at `at`, back into the custom group, unless they were edited
 * since.
 */
export async function takeBackLeaves(
  { directory: snapshot, settings }: Omit<ConversationDependencies, "now">,
  tx: Transaction,
  id: ConversationId,
  at: number,
): Promise<void> {
  await lockDirectory(tx);
  const left = await tx.query<{ username: Username; left_at: string }>(
    "DELETE FROM custom_group_leaves WHERE conversation_id = $1 RETURNING username, left_at",
    [id],
  );
  const back: Username[] = [];
  for (const { username, left_at } of left.rows) {
    const then = Number(left_at);
    if (then <= at - SHUTDOWN) continue;
    if (!(await editedSince(tx, id, { kind: "user", member: username }, then))) back.push(username);
  }
  const directory = await snapshot.within(tx);
  const group = directory.customGroups.get(id);
  if (group === undefined || back.length === 0) return;
  const selection = canonicalSelection({ ...group, users: [...group.users, ...back] });
  await changeGroup(tx, settings, directory, group, { selection });
}
