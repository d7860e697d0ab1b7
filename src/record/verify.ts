import type { Queryable } from "../store/database.ts";
import { readAnchor } from "./anchor.ts";
import { BEGINNING, type Link, nextLink } from "./canonical.ts";
import { type Checkpoint, isSignedBy, isTailTooLong } from "./checkpoint.ts";
import type { RecordKeys } from "./record-keys.ts";
import { ENTRY_COLUMNS, type EntryRow, entryOf } from "./stored-entry.ts";
import type { Break, Verdict } from "./verdict.ts";

/** Rows that are looked at together: memory does not grow with the record. */
const BATCH = 5_000;
const BATCH_OF_IDS = 50_000;
const BATCH_OF_ANCHOR = 500;

/**
 * Checks the record from its first entry to its last, while others may go on writing. The bodies need not be opened:
 * entries whose keys are destroyed are checked like all others.
 * @param anchor the file with the checkpoints that were kept outside the database. Only with it is a record known to be
 * the latest one, and not an older copy.
 * @throws UnreadableAnchor
 */
export async function verifyRecord(db: Queryable, keys: RecordKeys, anchor?: string): Promise<Verdict> {
  const walked = await walkChain(db, keys);
  if (walked.firstBroken !== null) return walked;
  const firstBroken =
    (await cutBeforeCheckpoint(db)) ??
    (anchor === undefined ? null : await brokenByAnchor(db, keys, readAnchor(anchor))) ??
    (await insertedEntry(db));
  return { entries: walked.entries, firstBroken };
}

/** A place in the chain with its entry, unless that is gone, and what was signed there, if anything was. */
type ChainRow = (EntryRow | { readonly id: null; readonly ref: null }) & {
  readonly seq: string;
  readonly previous: string;
  readonly hash: string;
  readonly signed_hash: string | null;
  readonly signed_at: Date;
  readonly key_id: string;
  readonly signature: string;
};

/** Links every entry anew, and compares with what is stored and what was signed. */
async function walkChain(db: Queryable, keys: RecordKeys): Promise<Verdict> {
  let last: Pick<Link, "seq" | "hash"> = BEGINNING;
  let signed: Pick<Checkpoint, "seq" | "at"> | null = null;
  /** The first entry after the last checkpoint, and when the chain's last entry was recorded. */
  let unsigned: string | null = null;
  let recordedAt = new Date(0);
  const brokenAt = (problem: Break["problem"], seq: number, ref: string | null): Verdict => ({
    entries: last.seq,
    firstBroken: { problem, seq, ref },
  });
  for (;;) {
    const { rows } = await db.query<ChainRow & Record<string, unknown>>(
      `SELECT c.seq, c.previous, c.hash, p.hash AS signed_hash, p.at AS signed_at, p.key_id, p.signature, ${ENTRY_COLUMNS}
       FROM record_chain c LEFT JOIN record_entries e ON e.id = c.entry_id
       LEFT JOIN record_checkpoints p ON p.seq = c.seq
       WHERE c.seq > $1 ORDER BY c.seq LIMIT $2`,
      [last.seq, BATCH],
    );
    for (const row of rows) {
      if (Number(row.seq) !== last.seq + 1 || row.id === null)
        return brokenAt("deleted", last.seq + 1, row.ref);
      const link = nextLink(last, entryOf(row));
      if (link.hash !== row.hash || link.previous !== row.previous)
        return brokenAt("changed", link.seq, row.ref);
      last = link;
      recordedAt = row.recorded_at;
      unsigned ??= row.ref;
      if (row.signed_hash === null) continue;
      if (row.signed_hash !== link.hash) return brokenAt("replaced", link.seq, row.ref);
      const key = keys.byId.get(row.key_id);
      // The key was given up. A later checkpoint, by a key that is known, stands for this one too.
      if (key === undefined) continue;
      const checkpoint = { ...link, at: row.signed_at, keyId: row.key_id, signature: row.signature };
      if (!isSignedBy(key.publicKey, checkpoint)) return brokenAt("forged", link.seq, row.ref);
      signed = checkpoint;
      unsigned = null;
    }
    if (rows.length < BATCH) break;
  }
  if (isTailTooLong(last, signed, recordedAt)) return brokenAt("unsigned", (signed?.seq ?? 0) + 1, unsigned);
  return { entries: last.seq, firstBroken: null };
}

async function cutBeforeCheckpoint(db: Queryable): Promise<Break | null> {
  const { rows } = await db.query<{ end: string }>(
    `SELECT (SELECT coalesce(max(c.seq), 0) FROM record_chain c) AS end FROM record_checkpoints p
     WHERE NOT EXISTS (SELECT FROM record_chain c WHERE c.seq = p.seq) LIMIT 1`,
  );
  const [cut] = rows;
  return cut === undefined ? null : { problem: "cut", seq: Number(cut.end) + 1, ref: null };
}

/** Compares the chain with checkpoints that somebody else has kept. Those that are not signed by a known key do not count. */
async function brokenByAnchor(
  db: Queryable,
  keys: RecordKeys,
  anchor: AsyncIterable<Checkpoint>,
): Promise<Break | null> {
  let broken: Break | null = null;
  const compare = async (checkpoints: readonly Checkpoint[]) => {
    const { rows } = await db.query<{ seq: string; hash: string; ref: string }>(
      `SELECT c.seq, c.hash, e.ref FROM record_chain c JOIN record_entries e ON e.id = c.entry_id WHERE c.seq = ANY($1)`,
      [checkpoints.map(({ seq }) => seq)],
    );
    const chain = new Map(rows.map((row) => [Number(row.seq), row]));
    for (const { seq, hash } of checkpoints) {
      const link = chain.get(seq);
      if (link?.hash === hash || (broken !== null && broken.seq !== null && broken.seq <= seq)) continue;
      broken =
        link === undefined ? { problem: "cut", seq, ref: null } : { problem: "replaced", seq, ref: link.ref };
    }
  };
  let batch: Checkpoint[] = [];
  for await (const checkpoint of anchor) {
    const key = keys.byId.get(checkpoint.keyId);
    if (key === undefined || !isSignedBy(key.publicKey, checkpoint)) continue;
    batch.push(checkpoint);
    if (batch.length < BATCH_OF_ANCHOR) continue;
    await compare(batch);
    batch = [];
  }
  await compare(batch);
  return broken;
}

async function insertedEntry(db: Queryable): Promise<Break | null> {
  for (let after = "0"; ; ) {
    const { rows } = await db.query<{ upto: string | null; ref: string | null }>(
      `WITH batch AS (SELECT e.id, e.ref FROM record_entries e WHERE e.id > $1 ORDER BY e.id LIMIT $2)
       SELECT max(batch.id) AS upto, (array_agg(batch.ref ORDER BY batch.id) FILTER (WHERE
         NOT EXISTS (SELECT FROM record_chain c WHERE c.entry_id = batch.id)
         AND NOT EXISTS (SELECT FROM record_unsealed u WHERE u.entry_id = batch.id)))[1] AS ref FROM batch`,
      [after, BATCH_OF_IDS],
    );
    const { upto = null, ref = null } = rows[0] ?? {};
    if (ref !== null) return { problem: "inserted", seq: null, ref };
    if (upto === null) return null;
    after = upto;
  }
}
