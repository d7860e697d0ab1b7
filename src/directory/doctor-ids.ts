import type { Username } from "../policy/model.ts";
import { foldName } from "../policy/names/names.ts";
import { doctorsById } from "../policy/people/doctors.ts";
import type { Queryable } from "../store/database.ts";
import { type Claim, contestedDoctorIds, contestedIds } from "./input/doctor-ids.ts";
import type { DirectoryProblem } from "./input/record.ts";
import type { SentUser } from "./input/schema.ts";
import { storedUsername, storedUsernames } from "./stored-names.ts";

const asDoctor = ({ username, active, doctor_ids }: Claim) => ({ username, active, doctorIds: doctor_ids });

/** The user whom a booking's doctor means; null: nobody the practice knows. */
export async function storedDoctor(db: Queryable, doctor: Username): Promise<Username | null> {
  const username = await storedUsername(db, doctor);
  if (username !== null) return username;
  return doctorsById((await storedClaims(db)).map(asDoctor)).get(foldName(doctor)) ?? null;
}

async function storedClaims(db: Queryable): Promise<Claim[]> {
  const { rows } = await db.query<Claim>(
    "SELECT username, active, doctor_ids FROM users WHERE doctor_ids <> '{}'",
  );
  return rows;
}

/** Which of a single user's ids another user also has, as stored now. */
export async function problemsOfIds(
  db: Queryable,
  user: SentUser,
  sent: unknown,
): Promise<DirectoryProblem[]> {
  if (user.doctor_ids.length === 0) return [];
  const names = await storedUsernames(
    db,
    user.doctor_ids.map((id) => id as Username),
  );
  return contestedDoctorIds(contestedIds(await storedClaims(db), names)(user), sent, "doctor_ids");
}
