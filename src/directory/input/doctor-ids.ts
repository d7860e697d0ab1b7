import { trimmed } from "../../base/trimmed.ts";
import type { Username } from "../../policy/model.ts";
import { foldName } from "../../policy/names/names.ts";
import { sameName } from "../../policy/names/spelling.ts";
import { doctorsById } from "../../policy/people/doctors.ts";
import type { Queryable } from "../../store/database.ts";
import type { DirectoryProblem } from "./record.ts";
import type { SentUser } from "./schema.ts";
import { storedUsername, storedUsernames } from "./spelling.ts";

/** Other ids by which a booking's doctor may call users: one id, one user. */

type Claim = Pick<SentUser, "username" | "active" | "doctor_ids">;

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

/** Who has an id that another user also has, or that is another's user name. */
export function contestedIds(users: readonly Claim[], usernames: { has(folded: string): boolean }) {
  const claims = new Map<string, number>();
  const claimed = ({ active, doctor_ids }: Claim) => (active ? new Set(doctor_ids.map(foldName)) : []);
  for (const user of users) for (const id of claimed(user)) claims.set(id, (claims.get(id) ?? 0) + 1);
  return (user: Claim): string[] =>
    user.doctor_ids.filter((id) => {
      const own = sameName(id, user.username);
      return user.active && ((claims.get(foldName(id)) ?? 0) > 1 || (!own && usernames.has(foldName(id))));
    });
}

/** @param sent the list as it was sent, to say where the problem is. */
export function contestedDoctorIds(ids: readonly string[], sent: unknown, path: string): DirectoryProblem[] {
  const items: readonly unknown[] = Array.isArray(sent) ? sent : [];
  return ids.map((id) => ({
    path: `${path}[${items.findIndex((item) => typeof item === "string" && sameName(trimmed(item), id))}]`,
    message: "Another user has this id, or is called so: nobody is found by it until only one has it",
    kept: "left out",
  }));
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
