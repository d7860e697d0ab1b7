import { type Database, onlyRow, type Transaction } from "../store/database.ts";
import { BEGINNING, type Link, nextLink, type StoredEntry } from "./canonical.ts";
import { type Checkpoint, isCheckpointDue, signCheckpoint } from "./checkpoint.ts";
import type { RecordKey } from "./record-keys.ts";
import { ENTRY_COLUMNS, type EntryRow, entryOf } from "./stored-entry.ts";

/** Any constant: held by the one process that gives places in the chain. Nobody who writes entries waits for it. */
const LOCK = 7_316_002;
/** Entries sealed per transaction. */
const BATCH = 1_000;

/** What one look for entries without a place came to. */
export interface Sealed {
  /** Another process was at it, or more entries wait than one transaction takes. */
  readonly isMoreToDo: boolean;
  readonly checkpoint: Checkpoint | null;
}

/** Gives committed entries their places in the chain, and signs its end if that is due. */
export const sealWaiting = (database: Database, key: RecordKey): Promise<Sealed> =>
  database.transaction(async (tx) => {
    const { mine, now } = onlyRow(
      await tx.query<{ mine: boolean; now: Date }>("SELECT pg_try_advisory_xact_lock($1) AS mine, now()", [
        LOCK,
      ]),
    );
    if (!mine) return { isMoreToDo: true, checkpoint: null };
    const [end, last, waiting] = await Promise.all([endOfChain(tx), lastCheckpoint(tx), waitingEntries(tx)]);
    const links = linksOf(end, waiting);
    const newEnd = links.at(-1) ?? end;
    const checkpoint = isCheckpointDue(newEnd, last, now) ? signCheckpoint(key, newEnd, now) : null;
    await Promise.all([
      ...(links.length > 0 ? [addToChain(tx, waiting, links)] : []),
      ...(checkpoint === null ? [] : [addCheckpoint(tx, checkpoint)]),
    ]);
    return { isMoreToDo: waiting.length === BATCH, checkpoint };
  });

async function endOfChain(tx: Transaction): Promise<Pick<Link, "seq" | "hash">> {
  const found = await tx.query<{ seq: string; hash: string }>(
    "SELECT seq, hash FROM record_chain ORDER BY record_chain.seq DESC LIMIT 1",
  );
  const [end] = found.rows;
  return end === undefined ? BEGINNING : { seq: Number(end.seq), hash: end.hash };
}

async function lastCheckpoint(tx: Transaction): Promise<Pick<Checkpoint, "seq" | "at"> | null> {
  const found = await tx.query<{ seq: string; at: Date }>(
    "SELECT seq, at FROM record_checkpoints ORDER BY record_checkpoints.seq DESC LIMIT 1",
  );
  const [last] = found.rows;
  return last === undefined ? null : { seq: Number(last.seq), at: last.at };
}

async function waitingEntries(tx: Transaction): Promise<readonly StoredEntry[]> {
  const found = await tx.query<EntryRow & Record<string, unknown>>(
    `SELECT ${ENTRY_COLUMNS} FROM record_unsealed u JOIN record_entries e ON e.id = u.entry_id
     ORDER BY u.entry_id LIMIT $1`,
    [BATCH],
  );
  return found.rows.map(entryOf);
}

function linksOf(end: Pick<Link, "seq" | "hash">, entries: readonly StoredEntry[]): readonly Link[] {
  let last = end;
  return entries.map((entry) => {
    const link = nextLink(last, entry);
    last = link;
    return link;
  });
}

async function addToChain(
  tx: Transaction,
  entries: readonly StoredEntry[],
  links: readonly Link[],
): Promise<void> {
  await tx.query(
    `WITH placed AS (
       INSERT INTO record_chain (seq, entry_id, previous, hash)
       SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) RETURNING entry_id)
     DELETE FROM record_unsealed USING placed WHERE record_unsealed.entry_id = placed.entry_id`,
    [
      links.map(({ seq }) => seq),
      entries.map(({ id }) => id),
      links.map(({ previous }) => previous),
      links.map(({ hash }) => hash),
    ],
  );
}

async function addCheckpoint(
  tx: Transaction,
  { seq, hash, at, keyId, signature }: Checkpoint,
): Promise<void> {
  await tx.query(
    "INSERT INTO record_checkpoints (seq, hash, at, key_id, signature) VALUES ($1, $2, $3, $4, $5)",
    [seq, hash, at, keyId, signature],
  );
}
