import { z } from "zod";
import type { ArrivalDependencies } from "../../arrivals/dependencies.ts";
import { mergePatient } from "../../arrivals/merge-patient.ts";
import { type PatientMessage, saidAboutPatient } from "../../patients/patient-messages.ts";
import type { EventId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { actorOf } from "../kernel/actor.ts";
import {
  cursorParameter,
  keysOf,
  momentOfKey,
  nextCursor,
  textOfKey,
  writeCursor,
} from "../kernel/cursor.ts";
import { id, queryInteger } from "../kernel/fields.ts";
import { invalidInput } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";

export interface PatientRouteDependencies {
  readonly database: Database;
  readonly bookings: ArrivalDependencies;
}

const message = z.strictObject({
  event_id: z.string(),
  room_id: z.string(),
  conversation_id: z.string(),
  kind: z.enum(["individual", "group", "custom"]),
  sender: z.string(),
  sent_at: z.iso.datetime(),
  patient_ids: z.array(z.string()).describe("whom it names, by the ids that it has for them"),
  text: z.string().nullable().describe("as it is now; null: deleted"),
  edited: z.boolean(),
  deleted: z.boolean(),
});

const EXAMPLE = {
  event_id: "$Xk3dQ0e1Wb4JbQ",
  room_id: "!fUxQvO:practice.example",
  conversation_id: "1f0c8f0e-7a0e-4c2e-9f57-0b1f6b1f4c11",
  kind: "individual",
  sender: "mia.chen",
  sent_at: "2026-03-01T23:24:10.000Z",
  patient_ids: ["12345"],
  text: "Patient 12345 asks for a new script",
  edited: false,
  deleted: false,
} as const;

/** Patients: what happens to their records in HealthTrack, and what was said about them. */
export const patientRoutes = ({ database, bookings: dependencies }: PatientRouteDependencies): Route[] => [
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
    async handler({ params, body }, { tx, caller }) {
      if (params.patient_id === body.into)
        throw invalidInput([{ path: "into", message: "must be another patient" }]);
      await mergePatient(tx, { ...dependencies, by: actorOf(caller) }, params.patient_id, body.into);
      return { status: 204 };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/patients/{patient_id}/messages",
    scope: "audit:read",
    tag: "Patients",
    summary: "List what was said about a patient",
    description:
      "For the medical record: the messages that link the patient, or a patient whose record was merged into theirs, " +
      "newest first. A correction counts: a message that was corrected and names someone else now is in that patient's " +
      "list. `GET /api/v1/arrivals?patient_id=` has the arrivals.",
    params: z.strictObject({ patient_id: id() }),
    query: z.strictObject({
      limit: queryInteger({ min: 1, max: 500, default: 100 }),
      cursor: cursorParameter("momentAndText"),
    }),
    responses: {
      200: {
        description: "A page of messages.",
        body: z.strictObject({ messages: z.array(message), next_cursor: nextCursor() }),
        example: { messages: [EXAMPLE], next_cursor: null },
      },
    },
    handler: async ({ params, query: { limit, cursor } }) => {
      const keys = keysOf(cursor);
      const found = await saidAboutPatient(database, params.patient_id, {
        after: keys && { sentAt: momentOfKey(keys[0]), event: textOfKey(keys[1]) as EventId },
        most: limit + 1,
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return {
        status: 200,
        body: {
          messages: page.map(shownMessage),
          next_cursor: last ? writeCursor(last.sentAt, last.event) : null,
        },
      };
    },
  }),
];

const shownMessage = (said: PatientMessage) => ({
  event_id: said.event,
  room_id: said.room,
  conversation_id: said.conversation,
  kind: said.kind,
  sender: said.sender,
  sent_at: said.sentAt.toISOString(),
  patient_ids: said.patients,
  text: said.text,
  edited: said.isEdited,
  deleted: said.text === null,
});
