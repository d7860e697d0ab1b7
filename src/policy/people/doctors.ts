/** Which user a booking's doctor is. */

import { oncePer } from "../../base/once-per.ts";
import type { Directory, User, Username } from "../model.ts";
import { foldName } from "../names/names.ts";
import { usernameAsKnown } from "../names/spelling.ts";

type Doctor = Pick<User, "username" | "active" | "doctorIds">;

/**
 * Who has each of the other ids by which HealthTrack calls doctors, by `foldName`. Null: several people claim it, so
 * nobody has it. Someone who left does not claim an id that someone else has now.
 */
export function doctorsById(users: Iterable<Doctor>): ReadonlyMap<string, Username | null> {
  const found = new Map<string, { readonly username: Username | null; readonly active: boolean }>();
  for (const { username, active, doctorIds } of users) {
    for (const id of new Set(doctorIds.map(foldName))) {
      const other = found.get(id);
      if (other === undefined || (active && !other.active)) found.set(id, { username, active });
      else if (active === other.active) found.set(id, { username: null, active });
    }
  }
  return new Map([...found].map(([id, { username }]) => [id, username]));
}

const byId = oncePer((users: Directory["users"]) => doctorsById(users.values()));

/**
 * The user whom a booking's `doctor` means: by user name, otherwise by one of their other ids. Unchanged if it is
 * nobody.
 */
export function doctorOf({ users }: Pick<Directory, "users">, doctor: Username): Username {
  const username = usernameAsKnown({ users }, doctor);
  return users.has(username) ? username : (byId(users).get(foldName(doctor)) ?? doctor);
}
