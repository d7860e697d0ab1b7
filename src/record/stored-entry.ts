import type { StoredEntry } from "./canonical.ts";

/** An entry's columns, of `record_entries` under the name `e`. PostgreSQL digests the body, so it need not be sent. */
export const ENTRY_COLUMNS = `e.id, e.ref, e.type, e.at, e.actor, e.on_behalf_of, e.room_id, e.about, e.recorded_at,
  encode(sha256(e.body), 'hex') AS body_digest`;

export interface EntryRow {
  readonly id: string;
  readonly ref: string;
  readonly type: string;
  readonly at: Date;
  readonly actor: string;
  readonly on_behalf_of: string | null;
  readonly room_id: string | null;
  readonly about: string | null;
  readonly recorded_at: Date;
  readonly body_digest: string;
}

export const entryOf = (row: EntryRow): StoredEntry => ({
  id: row.id,
  ref: row.ref,
  type: row.type,
  at: row.at,
  actor: row.actor,
  onBehalfOf: row.on_behalf_of,
  room: row.room_id,
  about: row.about,
  recordedAt: row.recorded_at,
  bodyDigest: row.body_digest,
});
