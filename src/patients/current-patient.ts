import type { Username } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";

/** The patient whose record a user has open in HealthTrack: the one that `#patient` alone means. */

/** False: there is no such user. */
export async function openPatient(db: Queryable, username: Username, patientId: string): Promise<boolean> {
  const { rows } = await db.query(
    `INSERT INTO current_patients (username, patient_id) SELECT username, $2 FROM users WHERE username = $1
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
     SELECT username FROM users WHERE username = $1`,
    [username],
  );
  return rows.length > 0;
}
