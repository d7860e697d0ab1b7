import { z } from "zod";
import { storableJson } from "../base/storable.ts";
import type { Queryable } from "../store/database.ts";

/** `m.receipt` (client-server API, "Receipts"): room -> event -> kind -> user. */
const receipt = z.looseObject({
  type: z.literal("m.receipt"),
  room_id: z.string(),
  content: z.record(
    z.string(),
    z.record(
      z.string(),
      z.record(
        z.string(),
        z.looseObject({ ts: z.number().optional(), thread_id: z.string().optional().catch(undefined) }),
      ),
    ),
  ),
});

const READ = ["m.read", "m.read.private"];

/** The thread of a receipt that does not mention threads: it reads all of them. */
const WHOLE_ROOM = "";
/** The thread of messages that are in none (client-server API, "Threaded read receipts"). */
const MAIN = "main";

interface Receipt {
  readonly room_id: string;
  readonly user_id: string;
  readonly thread: string;
  readonly event_id: string;
  readonly ts: number;
}

/**
 * Keeps each user's newest receipt in each room and thread, public or private, and how far they have ever read. Ignores
 * anything else. A receipt may come before its event: the position is then looked up when it is needed.
 */
export async function storeReceipts(db: Queryable, events: readonly unknown[]): Promise<void> {
  const newest = new Map<string, Receipt>();
  for (const event of events) {
    const parsed = receipt.safeParse(event);
    if (!parsed.success) continue;
    const { room_id, content } = parsed.data;
    for (const [event_id, kinds] of Object.entries(content)) {
      for (const kind of READ) {
        for (const [user_id, receipt] of Object.entries(kinds[kind] ?? {})) {
          const ts = timeOf(receipt.ts);
          const thread = receipt.thread_id ?? WHOLE_ROOM;
          const key = `${room_id}\n${user_id}\n${thread}`;
          if ((newest.get(key)?.ts ?? -1) < ts) newest.set(key, { room_id, user_id, thread, event_id, ts });
        }
      }
    }
  }
  if (newest.size === 0) return;
  await db.query(
    `INSERT INTO receipts AS known (room_id, user_id, thread, event_id, read_at, position)
     SELECT r.room_id, r.user_id, r.thread, r.event_id, to_timestamp(r.ts / 1000.0), inbox.seq
     FROM json_to_recordset($1) AS r(room_id text, user_id text, thread text, event_id text, ts double precision)
     LEFT JOIN inbox ON inbox.event_id = r.event_id
     ORDER BY r.room_id, r.user_id, r.thread
     ON CONFLICT (room_id, user_id, thread) DO UPDATE SET
       event_id = CASE WHEN known.read_at <= excluded.read_at THEN excluded.event_id ELSE known.event_id END,
       read_at = greatest(known.read_at, excluded.read_at),
       position = greatest(known.position, excluded.position)`,
    [storableJson([...newest.values()])],
  );
}

/** Milliseconds. A time that no database can hold counts as none; it must not cost others their receipts. */
const timeOf = (ts: number | undefined): number =>
  ts !== undefined && ts >= 0 && ts <= 8_640_000_000_000_000 ? ts : 0;

/**
 * SQL for how far someone's receipts in a room reach, as a position in the inbox; null: not known. The arguments are
 * SQL expressions.
 * @param thread the root of a thread; null: the main timeline.
 */
export const receiptPosition = (room: string, user: string, thread: string | null): string =>
  `SELECT max(greatest(r.position, (SELECT seq FROM inbox WHERE event_id = r.event_id)))
   FROM receipts r WHERE r.room_id = ${room} AND r.user_id = ${user}
     AND r.thread IN ('${WHOLE_ROOM}', ${thread ?? `'${MAIN}'`})`;
