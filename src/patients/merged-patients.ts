import { onlyRow, type Queryable, type Transaction } from "../store/database.ts";

/**
 * Patients whose records HealthTrack has merged into another: what comes later with an old id belongs to the record that
 * stands now. Each merge is kept as HealthTrack said it, so that a chain of them is followed to its end.
 */

/** SQL for the id of the record that stands for a patient now. The argument is an SQL expression. */
export const standingPatientOf = (id: string): string => `
  (WITH RECURSIVE onward (id) AS (
     SELECT ${id} UNION SELECT into_id FROM merged_patients JOIN onward ON patient_id = onward.id)
   SELECT id FROM onward WHERE NOT EXISTS (SELECT FROM merged_patients WHERE patient_id = onward.id))`;

/** The id of the record that stands for this patient now: their own, unless it was merged. */
export async function standingPatient(db: Queryable, id: string): Promise<string> {
  const found = await db.query<{ id: string | null }>(`SELECT ${standingPatientOf("$1::text")} AS id`, [id]);
  return onlyRow(found).id ?? id;
}

/**
 * The same for a transaction that writes the id down where a merge would change it: no merge is carried out until the
 * transaction ends. The first lock that it takes.
 */
export async function holdStandingPatient(tx: Transaction, id: string): Promise<string> {
  const [, standing] = await Promise.all([holdMerges(tx), standingPatient(tx, id)]);
  return standing;
}

/** Lets no merge be carried out until the transaction ends. The first lock that it takes. */
export async function holdMerges(tx: Transaction): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock_shared(hashtextextended('patients:merges', 0))");
}

/** This patient's ids: the record that stands, and all that were merged into it. */
export async function idsOfPatient(db: Queryable, id: string): Promise<readonly string[]> {
  const found = await db.query<{ id: string }>(
    `WITH RECURSIVE merged (id) AS (
       SELECT ${standingPatientOf("$1::text")} UNION SELECT patient_id FROM merged_patients JOIN merged ON into_id = merged.id)
     SELECT id FROM merged`,
    [id],
  );
  return found.rows.map((row) => row.id);
}

/**
 * Remembers that a record was merged into another. The newest word counts: a record that was merged before and is now
 * what remains stands again, and one that is merged once more leads to the last one named.
 * @returns the id of the record that stands: `into`, or what that was merged into.
 */
export async function rememberMerge(tx: Transaction, old: string, into: string): Promise<string> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('patients:merges', 0))");
  // Where `into` leads back to `old`, it is said to remain after all: so it stands.
  const onward = await tx.query<{ id: string }>(
    `WITH RECURSIVE onward (id) AS (
       SELECT $1::text UNION SELECT into_id FROM merged_patients JOIN onward ON patient_id = onward.id)
     SELECT id FROM onward`,
    [into],
  );
  const isCircle = onward.rows.some(({ id }) => id === old);
  if (isCircle) await tx.query("DELETE FROM merged_patients WHERE patient_id = $1", [into]);
  await tx.query(
    `INSERT INTO merged_patients (patient_id, into_id) VALUES ($1, $2)
     ON CONFLICT (patient_id) DO UPDATE SET into_id = excluded.into_id, merged_at = now()
     WHERE merged_patients.into_id <> excluded.into_id`,
    [old, into],
  );
  return standingPatient(tx, into);
}
