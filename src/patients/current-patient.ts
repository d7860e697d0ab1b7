import { userNamed } from "../directory/users.ts";
import type { Username } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";
import { standingPatientOf } from "./merged-patients.ts";

/** The patient whose record a user has open in HealthTrack: the one that `#patient` alone means. */

/** False: there is no such user. */
export async function openPatient(db: Queryable, username: Username, patientId: string): Promise<boolean> {
  const { rows } = await db.query(
    `INSERT INTO current_patients (username, patient_id) SELECT username, $2 FROM (${userNamed("$1")}) AS known
     ON CONFLICT (username) DO UPDATE SET patient_id = excluded.patient_id
     RETURNING username`,
    [username, patientId],
  );
  return rows.length > 0;
}

/** False: there is no such user. */
export async function closePatient(db: Queryable, username: Username): Promise<boolean> {
  const { rows } = await db.query(
    `WITH closed AS (DELETE FROM current_patients WHERE username = $1)
     ${userNamed("$1")}`,
    [username],
  );
  return rows.length > 0;
}

/** The patient who is open for this user, by the id of the record that stands now; null: none is. */
export async function patientOpenFor(db: Queryable, username: Username): Promise<string | null> {
  const found = await db.query<{ patient_id: string }>(
    `SELECT coalesce(${standingPatientOf("c.patient_id")}, c.patient_id) AS patient_id
     FROM current_patients c WHERE username = $1`,
    [username],
  );
  return found.rows[0]?.patient_id ?? null;
}
