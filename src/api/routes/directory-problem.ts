import { lossSentence } from "../../directory/input/guard.ts";
import type { DirectoryRefusal } from "../../directory/input/input-error.ts";
import { storedUsername } from "../../directory/stored-names.ts";
import { alertsNotForRole } from "../../messages/words.ts";
import type { Username } from "../../policy/model.ts";
import { sameName } from "../../policy/names/spelling.ts";
import type { Queryable } from "../../store/database.ts";
import { invalidInput, notFound, Problem } from "../kernel/problem.ts";

/** The answer to a refused change of the directory. */
export function problemOfRefusal(refusal: DirectoryRefusal, what: string): Problem {
  switch (refusal.refused) {
    case "invalid":
      return invalidInput(refusal.errors);
    case "unknown":
      return notFound(`such ${what}`);
    case "mass-loss":
      return new Problem(
        "conflict",
        `${lossSentence(refusal.losses)} If you mean it, send it again with ?allow_mass_deactivation=true.`,
      );
    case "default-group":
      return new Problem(
        "conflict",
        "The group Default cannot be deleted: without it, everyone would have AccessWhisper. Send it without members, or with empty permissions.",
      );
    case "alerts-not-for-role":
      return new Problem("forbidden", alertsNotForRole(refusal.alerts, refusal.roles));
    default:
      return refusal satisfies never;
  }
}

/** A name that is in the address and in the body too must be the same, however it is spelled. */
export function nameInPath(field: string, inPath: string, inBody: string | undefined): void {
  if (inBody === undefined || sameName(inBody, inPath)) return;
  throw invalidInput([{ path: field, message: "Must be the same as in the address" }]);
}

/** The user whom an address names, however it is spelled. @throws Problem 404 */
export async function userInAddress(db: Queryable, name: Username): Promise<Username> {
  const username = await storedUsername(db, name);
  if (username === null) throw notFound("such user");
  return username;
}
