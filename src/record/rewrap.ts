import type { Database } from "../store/database.ts";
import { rewrap } from "./envelope.ts";
import type { RecordKeys } from "./record-keys.ts";

/** Data keys rewrapped per transaction. */
const BATCH = 1_000;

/**
 * Wraps every data key that an older key of the file wraps by the newest one, without touching an entry. Safe to interrupt and to
 * repeat.
 * @returns how many.
 * @throws DoesNotOpen if one was changed, or its key is gone; those before it are done.
 */
export async function rewrapKeys(database: Database, keys: RecordKeys): Promise<number> {
  let done = 0;
  for (let after = "0"; ; ) {
    const { rows } = await database.query<{ id: string; ref: string; key_id: string; wrapped: Buffer }>(
      `SELECT e.id, e.ref, k.key_id, k.wrapped FROM record_keys k JOIN record_entries e ON e.id = k.entry_id
       WHERE k.entry_id > $1 AND k.key_id <> $2 AND k.key_id = ANY($3) ORDER BY k.entry_id LIMIT $4`,
      [after, keys.newest.id, [...keys.byId.keys()], BATCH],
    );
    const last = rows.at(-1);
    if (last === undefined) return done;
    const rewrapped = rows.map(({ ref, key_id, wrapped }) => rewrap(keys, ref, { keyId: key_id, wrapped }));
    // A key that is destroyed meanwhile stays destroyed.
    const changed = await database.query(
      `UPDATE record_keys k SET key_id = $1, wrapped = new.wrapped
       FROM unnest($2::bigint[], $3::bytea[]) AS new(entry_id, wrapped) WHERE k.entry_id = new.entry_id`,
      [keys.newest.id, rows.map(({ id }) => id), rewrapped.map(({ wrapped }) => wrapped)],
    );
    done += changed.rowCount ?? 0;
    after = last.id;
  }
}
