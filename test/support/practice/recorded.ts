import { openBody } from "../../../src/record/envelope.ts";
import type { RecordKeys } from "../../../src/record/record-keys.ts";
import type { Queryable } from "../../../src/store/database.ts";

export interface RecordedEntry {
  readonly ref: string;
  readonly type: string;
  readonly at: Date;
  readonly actor: string;
  readonly onBehalfOf: string | null;
  readonly room: string | null;
  readonly about: string | null;
  readonly late: boolean;
  readonly body: Record<string, unknown>;
}

/** Everything in the record, opened, in the order in which it was written. */
export async function recordedEntries(db: Queryable, keys: RecordKeys): Promise<readonly RecordedEntry[]> {
  const { rows } = await db.query<
    Omit<RecordedEntry, "body"> & { body: Buffer; key_id: string; wrapped: Buffer }
  >(
    `SELECT ref, type, at, actor, on_behalf_of AS "onBehalfOf", room_id AS room, about, late, body, key_id, wrapped
     FROM record_entries e JOIN record_keys k ON k.entry_id = e.id ORDER BY e.id`,
  );
  return rows.map(({ body, key_id, wrapped, ...head }) => ({
    ...head,
    body: openBody(keys, head, { body, wrapped: { keyId: key_id, wrapped } }),
  }));
}
