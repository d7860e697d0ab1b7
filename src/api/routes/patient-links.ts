import { z } from "zod";
import { openPatientLink } from "../../patients/patient-links.ts";
import type { Database } from "../../store/database.ts";
import { type Route, route } from "../kernel/route.ts";

export interface PatientLinkRouteDependencies {
  readonly database: Database;
  /** HealthTrack's address of a patient, with {patient_id}; none: there is nowhere to go. */
  readonly patientUrl?: string | undefined;
}

/** Any other text is an unknown link too, and the person who follows it is told so. */
const token = z.string().meta({ jsonSchema: { type: "string", pattern: "^[A-Za-z0-9_-]{32}$" } });

const page = (text: string) => ({ type: "text/plain; charset=utf-8", data: `${text}\n` });

/** Where the links to patients lead: to HealthTrack, which does its own sign-in. */
export const patientLinkRoutes = ({ database, patientUrl }: PatientLinkRouteDependencies): Route[] => [
  route({
    method: "GET",
    path: "/open/patient/{token}",
    scope: "public",
    tag: "Links",
    summary: "Open a patient's record",
    description:
      "The token reveals nothing about the patient, and expires. HealthTrack requires its own sign-in.",
    params: z.strictObject({ token }),
    responses: {
      302: { description: "Redirects to HealthTrack." },
      404: { description: "There is no such link.", contentType: "text/plain" },
      410: { description: "The link has expired.", contentType: "text/plain" },
      501: { description: "The practice has not set HealthTrack's address.", contentType: "text/plain" },
    },
    handler: async ({ params }) => {
      const link = await openPatientLink(database, params.token);
      if (link === "unknown")
        return { status: 404, content: page("This link is not known. Open the patient in HealthTrack.") };
      if (link === "expired")
        return { status: 410, content: page("This link has expired. Open the patient in HealthTrack.") };
      if (patientUrl === undefined) {
        return { status: 501, content: page(`Open patient ${link.patientId} in HealthTrack.`) };
      }
      const location = patientUrl.replaceAll("{patient_id}", () => encodeURIComponent(link.patientId));
      return {
        status: 302,
        headers: { Location: location, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store" },
      };
    },
  }),
];
