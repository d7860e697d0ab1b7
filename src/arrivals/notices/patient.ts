/** What is shown of a patient. The practice chooses (`arrivals.show`); without a name, only the id is shown. */

import { shownName } from "../../base/shown-name.ts";
import { tidyName } from "../../base/tidy-name.ts";
import { initialsOf } from "../../policy/names/initials.ts";
import type { Arrival } from "../rules/arrival.ts";
import * as words from "./words.ts";

export type ShownPatient = "id" | "initials" | "name";

/** `Patient 12345`, `A.J.`, `Alice Jones` */
export function patientShown(
  patient: Pick<Arrival, "patientId" | "patientName">,
  show: ShownPatient,
): string {
  const name = patient.patientName === null ? "" : tidyName(patient.patientName);
  const initials = initialsOf(patient.patientName ?? "");
  if (show === "id" || initials === "") return words.patient(patient.patientId);
  return shownName(show === "initials" ? initials : name);
}

/** The same for a sentence without a link to the patient: two people may have the same initials. */
export const patientWithId = (
  patient: Pick<Arrival, "patientId" | "patientName">,
  show: ShownPatient,
): string => words.withId(patientShown(patient, show), patient.patientId);
