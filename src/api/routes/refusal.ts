import type { Refusal } from "../../directory/input-error.ts";
import { invalidInput, notFound, Problem } from "../problem.ts";

/** The answer to a change of the directory that was refused. */
export function problemOfRefusal(refusal: Refusal, what: string): Problem {
  switch (refusal.refused) {
    case "invalid":
      return invalidInput(refusal.errors);
    case "unknown":
      return notFound(`such ${what}`);
    case "mass-deactivation":
      return new Problem(
        "conflict",
        `This would deactivate ${refusal.deactivated} of ${refusal.active} active users. Nothing was changed. If it is meant, send it with ?allow_mass_deactivation=true.`,
      );
    case "default-group":
      return new Problem(
        "conflict",
        "The group Default cannot be deleted: without it, everybody would have AccessWhisper. Send it without members, or with empty permissions.",
      );
    default:
      return refusal satisfies never;
  }
}

/** A name that is in the address and in the body too must be the same. */
export function nameInPath(field: string, inPath: string, inBody: string | undefined): void {
  if (inBody === undefined || inBody === inPath) return;
  throw invalidInput([{ path: field, message: "Must be the same as in the address" }]);
}
