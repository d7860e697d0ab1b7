import { JOINED_MEMBERS } from "../../mirror/members.ts";
import { isArchived } from "../../policy/conversations/visibility.ts";
import type { RoomId, UserId } from "../../policy/model.ts";
import { isHandle, isOurs } from "../../policy/names/names.ts";
import type { Database, Transaction } from "../../store/database.ts";
import type { ListDependencies } from "../record/dependencies.ts";
import { UNREAD } from "./unread.ts";
import { activeAt, queueTags } from "./views.ts";

/** Views handled per statement. */
const BATCH = 5_000;

/**
 * The scheduled job `visibility`: takes conversations out of the lists of people who have read them, three days after
 * the last activity. It looks only at those that have been quiet that long and are still listed; a message brings one
 * back.
 * @returns how many views were archived.
 */
export async function archiveQuiet(
  database: Database,
  { settings, archiveAfter, now: clock }: Omit<ListDependencies, "directory">,
): Promise<number> {
  const now = clock().getTime();
  let archived = 0;
  let after: Pick<Row, "room_id" | "user_id"> = { room_id: "" as RoomId, user_id: "" as UserId };
  for (;;) {
    const rows = await quietViews(database, new Date(now - archiveAfter), after);
    const due = rows.filter((row) => {
      if (!isOurs(settings, row.user_id) || isHandle(settings, row.user_id)) return false;
      const lastActivityAt = activeAt(row.last_activity_at, row.opened_at);
      return isArchived({ lastActivityAt, read: row.read }, archiveAfter, now);
    });
    archived += await database.transaction((tx) => archive(tx, due, new Date(now - archiveAfter)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return archived;
    after = last;
  }
}

interface Row {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  readonly last_activity_at: Date;
  readonly opened_at: Date | null;
  readonly read: boolean;
}

async function quietViews(
  database: Database,
  since: Date,
  after: Pick<Row, "room_id" | "user_id">,
): Promise<readonly Row[]> {
  const found = await database.query<Row & Record<string, unknown>>(
    `WITH listed AS MATERIALIZED (
       SELECT c.room_id, m.user_id, c.last_activity_at, view.opened_at,
              coalesce(view.marked_unread, false) AS marked_unread
       FROM conversations c
       JOIN (${JOINED_MEMBERS}) AS m ON m.room_id = c.room_id
       LEFT JOIN room_views view ON view.room_id = m.room_id AND view.user_id = m.user_id
       WHERE c.last_activity_at <= $1 AND NOT coalesce(view.archived, false)
         AND (m.room_id, m.user_id) > ($2, $3)
       ORDER BY m.room_id, m.user_id LIMIT ${BATCH})
     SELECT listed.*, NOT marked_unread AND NOT EXISTS (${UNREAD("listed.room_id", "listed.user_id")}) AS read
     FROM listed ORDER BY room_id, user_id`,
    [since, after.room_id, after.user_id],
  );
  return found.rows;
}

/**
 * Writes the decision, unless something has happened since it was made: the rooms' rows are locked, since a message
 * changes them too, and the view itself shows whether the conversation was opened.
 */
async function archive(tx: Transaction, due: readonly Row[], since: Date): Promise<number> {
  if (due.length === 0) return 0;
  const quiet = await tx.query<{ room_id: RoomId }>(
    `SELECT room_id FROM conversations WHERE room_id = ANY($1) AND last_activity_at <= $2
     ORDER BY room_id FOR NO KEY UPDATE`,
    [[...new Set(due.map((row) => row.room_id))], since],
  );
  const still = new Set(quiet.rows.map((row) => row.room_id));
  const views = due
    .filter((row) => still.has(row.room_id))
    .map(({ room_id, user_id }) => ({ room_id, user_id }));
  const done = await tx.query<{ room_id: RoomId }>(
    `INSERT INTO room_views AS known (room_id, user_id, archived)
     SELECT room_id, user_id, true FROM json_to_recordset($1) AS v(room_id text, user_id text)
     ON CONFLICT (room_id, user_id) DO UPDATE SET archived = true, tagged = known.tagged AND known.archived
     WHERE (known.opened_at IS NULL OR known.opened_at <= $2) AND NOT known.marked_unread
     RETURNING room_id`,
    [JSON.stringify(views), since],
  );
  await queueTags(tx, [...new Set(done.rows.map((row) => row.room_id))]);
  return done.rows.length;
}
