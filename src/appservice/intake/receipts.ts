import { z } from "zod";
import { storableJson } from "../../base/storable.ts";
import type { Queryable } from "../../store/database.ts";

/** `m.receipt` (client-server API, "Receipts"): room -> event -> kind -> user. */
const receipt = z.looseObject({
  type: z.literal("m.receipt"),
  room_id: z.string(),
  content: z.record(
    z.string(),
    z.record(z.string(), z.record(z.string(), z.looseObject({ ts: z.number().optional() }))),
  ),
});

const READ = ["m.read", "m.read.private"];

/**
 * Keeps each user's newest receipt in each room, public or private, and how far they have ever read. Ignores anything
 * else. A receipt may come before its event: the position is then looked up when it is needed.
 */
export async function storeReceipts(db: Queryable, events: readonly unknown[]): Promise<void> {
  const newest = new Map<string, { room_id: string; user_id: string; event_id: string; ts: number }>();
  for (const event of events) {
    const parsed = receipt.safeParse(event);
    if (!parsed.success) continue;
    const { room_id, content } = parsed.data;
    for (const [event_id, kinds] of Object.entries(content)) {
      for (const kind of READ) {
        for (const [user_id, receipt] of Object.entries(kinds[kind] ?? {})) {
          const ts = timeOf(receipt.ts);
          const key = `${room_id}\n${user_id}`;
          if ((newest.get(key)?.ts ?? -1) < ts) newest.set(key, { room_id, user_id, event_id, ts });
        }
      }
    }
  }
  if (newest.size === 0) return;
  await db.query(
    `INSERT INTO receipts AS known (room_id, user_id, event_id, read_at, position)
     SELECT r.room_id, r.user_id, r.event_id, to_timestamp(r.ts / 1000.0), inbox.seq
     FROM json_to_recordset($1) AS r(room_id text, user_id text, event_id text, ts double precision)
     LEFT JOIN inbox ON inbox.event_id = r.event_id
     ORDER BY r.room_id, r.user_id
     ON CONFLICT (room_id, user_id) DO UPDATE SET
       event_id = CASE WHEN known.read_at <= excluded.read_at THEN excluded.event_id ELSE known.event_id END,
       read_at = greatest(known.read_at, excluded.read_at),
       position = greatest(known.position, excluded.position)`,
    [storableJson([...newest.values()])],
  );
}

/** Milliseconds. A time that no database can hold counts as none; it must not cost others their receipts. */
const timeOf = (ts: number | undefined): number =>
  ts !== undefined && ts >= 0 && ts <= 8_640_000_000_000_000 ? ts : 0;
