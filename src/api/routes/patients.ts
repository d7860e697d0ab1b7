import { z } from "zod";
import type { ArrivalDependencies } from "../../arrivals/dependencies.ts";
import { mergePatient } from "../../arrivals/merge-patient.ts";
import { id } from "../kernel/fields.ts";
import { invalidInput } from "../kernel/problem.ts";
import { type Route, writeRoute } from "../kernel/route.ts";

/** What happens to patients' records in HealthTrack. */
export const patientRoutes = (dependencies: ArrivalDependencies): Route[] => [
  writeRoute({
    method: "POST",
    path: "/api/v1/patients/{patient_id}/merged",
    scope: "bookings:write",
    tag: "Patients",
    summary: "Say that a patient's record was merged into another",
    description:
      "Links to the old record open the other one from now on, and its bookings and arrivals belong to the other patient, " +
      "also those that are sent later with the old id. If the other record has been merged too, they belong to the one " +
      "that remains. The newest word counts: merge A into B and then B into A, and A remains. A notice that someone has " +
      "answered keeps the answer.",
    params: z.strictObject({ patient_id: id() }),
    body: z.strictObject({ into: id().describe("the id of the patient whose record remains") }),
    bodyExample: { into: "67890" },
    responses: { 204: { description: "Links, bookings and arrivals follow." } },
    async handler({ params, body }, { tx }) {
      if (params.patient_id === body.into)
        throw invalidInput([{ path: "into", message: "must be another patient" }]);
      await mergePatient(tx, dependencies, params.patient_id, body.into);
      return { status: 204 };
    },
  }),
];
