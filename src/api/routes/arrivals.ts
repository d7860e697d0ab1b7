import { z } from "zod";
import { arrivalSchema, shownArrival } from "../../arrivals/notices/shown.ts";
import { searchArrivals } from "../../arrivals/record/list.ts";
import { ARRIVAL_STATES, type ArrivalId } from "../../arrivals/rules/arrival.ts";
import { trimmed } from "../../base/trimmed.ts";
import { code } from "../../directory/input/left-out.ts";
import { orNone } from "../../directory/input/text-schema.ts";
import { standingPatient } from "../../patients/merged-patients.ts";
import type { Username } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";
import {
  cursorParameter,
  keysOf,
  momentOfKey,
  nextCursor,
  textOfKey,
  writeCursor,
} from "../kernel/cursor.ts";
import { moment, optionalId, queryInteger } from "../kernel/fields.ts";
import { type Route, route } from "../kernel/route.ts";

const EXAMPLE = {
  id: "0b5c2c56-57f0-4c49-9e0f-2a4f7a5d9a11",
  state: "acknowledged",
  doctor: "dr.jones",
  patient_id: "12345",
  patient_name: "Alice Jones",
  bookings: [{ booking_id: "b-7001", appointment_at: "2026-03-01T23:30:00.000Z", location: "Main St" }],
  marked_by: "mia.chen",
  arrived_at: "2026-03-01T23:24:10.000Z",
  ended: null,
  waited_seconds: { since_arrival: 420, since_appointment: 70 },
  recipients: [
    {
      username: "dr.jones",
      state: "acknowledged",
      told_as: "recipient",
      told_at: "2026-03-01T23:24:10.120Z",
      replied_at: null,
      answered_at: "2026-03-01T23:26:02.000Z",
    },
  ],
  escalations: [],
};

/** The record of arrivals. */
export const arrivalRoutes = ({ database }: { database: Queryable }): Route[] => [
  route({
    method: "GET",
    path: "/api/v1/arrivals",
    scope: "users:read",
    tag: "Bookings",
    summary: "List arrivals",
    description:
      "Newest first, by when the patient arrived. Waiting times run until now, or until the arrival ended.",
    query: z.strictObject({
      doctor: optionalId().describe("user name, or one of a user's `doctor_ids`"),
      location: orNone(z.string().overwrite(trimmed).max(255)).describe(
        "of one of its bookings; capitals and extra blanks do not matter",
      ),
      booking_id: optionalId().describe("the arrivals that the booking is or was part of"),
      patient_id: optionalId().describe("an id whose record was merged means the record that remains"),
      state: code(ARRIVAL_STATES).optional(),
      from: moment().optional().describe("arrived at or after this time"),
      to: moment().optional().describe("arrived before this time"),
      limit: queryInteger({ min: 1, max: 500, default: 100 }),
      cursor: cursorParameter("momentAndText"),
    }),
    responses: {
      200: {
        description: "A page of arrivals.",
        body: z.strictObject({ arrivals: z.array(arrivalSchema), next_cursor: nextCursor() }),
        example: { arrivals: [EXAMPLE], next_cursor: null },
      },
    },
    handler: async ({ query }) => {
      const cursor = keysOf(query.cursor);
      const found = await searchArrivals(database, {
        ...query,
        doctor: query.doctor as Username | null,
        bookingId: query.booking_id,
        patientId: query.patient_id && (await standingPatient(database, query.patient_id)),
        after: cursor && { arrivedAt: momentOfKey(cursor[0]), id: textOfKey(cursor[1]) as ArrivalId },
      });
      const page = found.slice(0, query.limit);
      const last = found.length > query.limit ? page.at(-1) : undefined;
      const now = new Date();
      return {
        status: 200,
        body: {
          arrivals: page.map((arrival) => shownArrival(arrival, now)),
          next_cursor: last ? writeCursor(last.arrivedAt, last.id) : null,
        },
      };
    },
  }),
];
