import type { Queryable } from "../store/database.ts";

/**
 * Changes of the directory, as rows (`directory_changes`) that the changing transaction writes. One job follows
 * everything that has come since it last ran (conversations/record/affected.ts). Each process that holds the directory
 * in memory reads what is newer than its copy (snapshot.ts). Neither cost grows with the size of the practice.
 */

/** `members`: only who is in a security group has changed. */
export type ChangedKind = "user" | "security_group" | "members" | "custom_group";

export interface Changed {
  readonly kind: ChangedKind;
  /** The user name, or the group's id. */
  readonly subject: string;
}

/**
 * Records a change, counts it, and notifies everyone who holds the directory in memory. Runs in the changing
 * transaction.
 * @param followed whether this transaction has itself queued everything that follows.
 */
export async function recordChanges(
  tx: Queryable,
  changed: readonly Changed[],
  followed: boolean,
): Promise<void> {
  await tx.query(
    `WITH bumped AS (UPDATE directory_revision SET revision = revision + 1 RETURNING revision),
     logged AS (
       INSERT INTO directory_changes (revision, kind, subject, followed)
       SELECT revision, kind, subject, $2 FROM bumped, json_to_recordset($1) AS c(kind text, subject text))
     SELECT pg_notify('whisper_directory', revision::text) FROM bumped`,
    [JSON.stringify(changed), followed],
  );
}

/** With more new changes than this, loading everything is quicker than reading them one by one. */
const MOST = 1_000;

/** The changes after one revision, up to another. Null: some are no longer known, or there are too many. */
export async function changesBetween(
  db: Queryable,
  known: string,
  now: string,
): Promise<readonly Changed[] | null> {
  if (known === "") return null;
  const found = await db.query<Changed & { revision: string }>(
    "SELECT revision, kind, subject FROM directory_changes WHERE revision > $1 AND revision <= $2 LIMIT $3",
    [known, now, MOST + 1],
  );
  // Each revision is one change with its own rows, so none is missing if the counts agree.
  const complete =
    new Set(found.rows.map((row) => row.revision)).size === Number(BigInt(now) - BigInt(known));
  return complete && found.rows.length <= MOST ? found.rows : null;
}

/**
 * Takes the next changes that nobody has followed yet. They count as followed once the transaction commits; otherwise
 * they are taken again.
 */
export async function takeChanges(tx: Queryable, most: number): Promise<readonly Changed[]> {
  const taken = await tx.query<Changed>(
    `UPDATE directory_changes SET followed = true
     WHERE NOT followed AND seq = ANY(ARRAY(SELECT seq FROM directory_changes WHERE NOT followed ORDER BY seq LIMIT $1))
     RETURNING kind, subject`,
    [most],
  );
  return taken.rows;
}

/** Anyone who has not looked for this long loads the whole directory. */
const KEPT = "1 hour";

export async function forgetOldChanges(db: Queryable): Promise<void> {
  await db.query(`DELETE FROM directory_changes WHERE followed AND changed_at < now() - interval '${KEPT}'`);
}
