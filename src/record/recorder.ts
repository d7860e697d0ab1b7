import type { Transaction } from "../store/database.ts";
import { type Entry, headOf } from "./entry.ts";
import { sealBody } from "./envelope.ts";
import type { RecordKeys } from "./record-keys.ts";

/** Where features write what happened. */
export interface Recorder {
  /**
   * Writes entries in the transaction in which they happen: in the record if it commits, and only then. One statement
   * for up to a thousand. What is in the record already is left as it is.
   */
  write(tx: Transaction, entries: readonly Entry[]): Promise<void>;
}

/** The event of `Database.committed` that says that entries wait for their place in the chain. */
export const RECORDED = "recorded";

/** Entries per statement: those of a first import are not all in memory as JSON at once. */
const BATCH = 1_000;

export const recorder = (keys: RecordKeys): Recorder => ({
  async write(tx, entries) {
    if (entries.length === 0) return;
    tx.announce(RECORDED, null);
    for (let from = 0; from < entries.length; from += BATCH)
      await writeBatch(tx, keys, entries.slice(from, from + BATCH));
  },
});

async function writeBatch(tx: Transaction, keys: RecordKeys, entries: readonly Entry[]): Promise<void> {
  const rows = [...new Map(entries.map((entry) => [entry.ref, entry])).values()].map((entry, index) => {
    const head = headOf(entry);
    const { body, wrapped } = sealBody(keys, head, entry.body);
    return {
      index,
      ref: head.ref,
      type: head.type,
      at: head.at,
      actor: head.actor,
      on_behalf_of: head.onBehalfOf,
      room_id: head.room,
      about: head.about,
      body: bytea(body),
      key_id: wrapped.keyId,
      wrapped: bytea(wrapped.wrapped),
    };
  });
  await tx.query(
    `WITH given AS (
         SELECT * FROM json_to_recordset($1) AS e(index integer, ref text, type text, at timestamptz, actor text,
           on_behalf_of text, room_id text, about text, body bytea, key_id text, wrapped bytea)),
       stored AS (
         INSERT INTO record_entries (ref, type, at, actor, on_behalf_of, room_id, about, body)
         SELECT ref, type, at, actor, on_behalf_of, room_id, about, body FROM given ORDER BY index
         ON CONFLICT (ref) DO NOTHING RETURNING id, ref),
       keyed AS (
         INSERT INTO record_keys (entry_id, key_id, wrapped)
         SELECT stored.id, given.key_id, given.wrapped FROM stored JOIN given USING (ref))
       INSERT INTO record_unsealed (entry_id) SELECT id FROM stored`,
    [JSON.stringify(rows)],
  );
}

const bytea = (bytes: Buffer): string => `\\x${bytes.toString("hex")}`;
