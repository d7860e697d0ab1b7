import type { Database, Queryable, Transaction } from "../store/database.ts";
import type { EventHandler, MatrixEvent } from "./event.ts";
import { emptyRedactedSend, REF_KEY } from "./outbox.ts";

/** Rows handled per transaction, so that nobody waits for long behind it. */
const BATCH = 2_000;
/** This many of each room's last events keep their position: receipts refer to them, however old they are. */
const PLACES = 20;

/** An event without what people wrote: only what is needed to find it again. */
const WITHOUT_TEXT = `(event - 'unsigned' - 'content') || jsonb_build_object('content', coalesce(
  (SELECT jsonb_object_agg(key, value) FROM jsonb_each(event->'content') WHERE key IN ('membership', '${REF_KEY}')), '{}'))`;

/**
 * Removes the text of a deleted message, and of all its edits, from the inbox and the outbox, in the transaction that
 * handles the deletion.
 */
export const redactionEvents: EventHandler = {
  name: "redactions",
  handle: async (tx, event) => {
    if (event.type === "m.room.redaction") await forgetText(tx, event);
  },
};

async function forgetText(tx: Transaction, { room_id, redacts, content }: MatrixEvent): Promise<void> {
  const event = content.redacts ?? redacts;
  if (typeof event !== "string") return;
  await tx.query(
    `UPDATE inbox SET event = ${WITHOUT_TEXT}
     WHERE room_id = $1 AND (event_id = $2 OR (event->'content'->'m.relates_to'->>'event_id' = $2
       AND event->'content'->'m.relates_to'->>'rel_type' = 'm.replace'))`,
    [room_id, event],
  );
  await emptyRedactedSend(tx, event);
}

/**
 * Forgets events that were handled before this time. Parked ones stay until someone decides about them; each room's
 * last events keep their position without their content.
 * @returns the position of the last event that was looked at.
 */
export async function forgetHandledEvents(database: Database, before: Date): Promise<string> {
  for (let after = "0"; ; ) {
    const end = await database.transaction((tx) => forgetBatch(tx, before, after));
    if (end === null) return after;
    after = end;
  }
}

/** @returns the position of its last event; null: there was none. */
async function forgetBatch(db: Queryable, before: Date, after: string): Promise<string | null> {
  const found = await db.query<{ seq: string; handled: boolean; last: boolean }>(
    `SELECT seq, coalesce(handled_at < $1, false) AS handled,
       (SELECT count(*) FROM (SELECT FROM inbox later WHERE later.room_id = inbox.room_id AND later.seq > inbox.seq
        LIMIT ${PLACES}) AS newer) < ${PLACES} AS last
     FROM inbox WHERE seq > $2 AND received_at < $1 ORDER BY seq LIMIT ${BATCH}`,
    [before, after],
  );
  const end = found.rows.at(-1)?.seq;
  if (end === undefined) return null;
  const handled = found.rows.filter((row) => row.handled);
  const positions = (rows: readonly { seq: string }[]) => rows.map(({ seq }) => seq);
  const gone = positions(handled.filter((row) => !row.last));
  // How far someone has read must be known without the event.
  await db.query(
    `UPDATE receipts SET position = greatest(receipts.position, inbox.seq) FROM inbox
     WHERE inbox.seq = ANY($1) AND receipts.room_id = inbox.room_id AND receipts.event_id = inbox.event_id`,
    [gone],
  );
  await db.query("DELETE FROM inbox WHERE seq = ANY($1)", [gone]);
  await db.query(
    `UPDATE inbox SET event = ${WITHOUT_TEXT} WHERE seq = ANY($1) AND event->'content' <> '{}'`,
    [positions(handled.filter((row) => row.last))],
  );
  return end;
}
