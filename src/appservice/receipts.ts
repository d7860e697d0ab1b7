import { z } from "zod";
import type { Queryable } from "../store/database.ts";

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

/** Keeps the newest receipt of each user and room, public or private. Anything else is left alone. */
export async function storeReceipts(db: Queryable, events: readonly unknown[]): Promise<void> {
  const newest = new Map<string, { room_id: string; user_id: string; event_id: string; ts: number }>();
  for (const event of events) {
    const parsed = receipt.safeParse(event);
    if (!parsed.success) continue;
    const { room_id, content } = parsed.data;
    for (const [event_id, kinds] of Object.entries(content)) {
      for (const kind of READ) {
        for (const [user_id, { ts = 0 }] of Object.entries(kinds[kind] ?? {})) {
          const key = `${room_id}\n${user_id}`;
          if ((newest.get(key)?.ts ?? -1) < ts) newest.set(key, { room_id, user_id, event_id, ts });
        }
      }
    }
  }
  if (newest.size === 0) return;
  await db.query(
    `INSERT INTO receipts (room_id, user_id, event_id, read_at)
     SELECT room_id, user_id, event_id, to_timestamp(ts / 1000.0)
     FROM json_to_recordset($1) AS r(room_id text, user_id text, event_id text, ts double precision)
     ON CONFLICT (room_id, user_id) DO UPDATE SET event_id = excluded.event_id, read_at = excluded.read_at
     WHERE receipts.read_at <= excluded.read_at`,
    [JSON.stringify([...newest.values()])],
  );
}
