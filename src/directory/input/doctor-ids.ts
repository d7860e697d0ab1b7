import { trimmed } from "../../base/trimmed.ts";
import { foldName } from "../../policy/names/names.ts";
import { sameName } from "../../policy/names/spelling.ts";
import type { DirectoryProblem } from "./record.ts";
import type { SentUser } from "./schema.ts";

/** Other ids by which a booking's doctor may call users: one id, one user. */

export type Claim = Pick<SentUser, "username" | "active" | "doctor_ids">;

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
