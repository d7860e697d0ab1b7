import { z } from "zod";
import { type BookingResult, cancelBooking, putBooking } from "../../arrivals/change-booking.ts";
import type { ArrivalDependencies } from "../../arrivals/dependencies.ts";
import { arrivalInBookingSchema, shownInBooking } from "../../arrivals/notices/shown.ts";
import { BOOKING_STATUSES } from "../../arrivals/rules/booking.ts";
import { trimmed } from "../../base/trimmed.ts";
import { code } from "../../directory/input/left-out.ts";
import { orNone } from "../../directory/input/text-schema.ts";
import type { Username } from "../../policy/model.ts";
import { actorOf } from "../kernel/actor.ts";
import { id, moment, optionalId, placedMoment } from "../kernel/fields.ts";
import { invalidInput } from "../kernel/problem.ts";
import { type Route, writeRoute } from "../kernel/route.ts";

const bookingSchema = z
  .strictObject({
    status: code(BOOKING_STATUSES),
    patient_id: id(),
    patient_name: orNone(z.string().overwrite(trimmed).max(255)).describe(
      "shown on one line, in the form that the practice has set; if left out, notices show the id",
    ),
    doctor: optionalId().describe(
      "user name, or one of a user's `doctor_ids`; an unknown doctor is not an error, but then this doctor cannot be told. " +
        "Null or left out (a walk-in, triage): whoever covers the location is told, otherwise its reception",
    ),
    location: orNone(z.string().overwrite(trimmed).max(255)),
    appointment_at: placedMoment().describe(
      "shown in the location's time zone if the practice has set one, otherwise with the offset sent",
    ),
    changed_by: optionalId().describe(
      "user name of the person who made this change; replies go to the person who set `arrived`, or to the location's " +
        "reception if that is a kiosk, someone who cannot use Whisper, or nobody",
    ),
    changed_at: moment().describe(
      "by HealthTrack's clock, which may be up to five minutes ahead; decides which change is the newest",
    ),
  })
  .meta({ id: "Booking" });

const EXAMPLE = {
  status: "arrived",
  patient_id: "12345",
  patient_name: "Alice Jones",
  doctor: "dr.jones",
  location: "Main St",
  appointment_at: "2026-03-02T10:30:00+11:00",
  changed_by: "mia.chen",
  changed_at: "2026-03-02T10:24:10+11:00",
};

/** Milliseconds that HealthTrack's clock may be ahead of Whisper's. */
const MOST_AHEAD = 5 * 60_000;
const AHEAD =
  "Is more than five minutes ahead of Whisper's clock: correct the sending machine's clock, or Whisper's";

const bookingAnswer = z
  .strictObject({ applied: z.boolean(), arrival: arrivalInBookingSchema.optional() })
  .meta({ id: "BookingAnswer" });

const answerTo = ({ applied, arrival }: BookingResult) => ({
  status: 200 as const,
  body: { applied, ...(arrival === null ? {} : { arrival: shownInBooking(arrival) }) },
});

/** HealthTrack sends bookings here; those whose patient has arrived become notices. */
export const bookingRoutes = (dependencies: ArrivalDependencies): Route[] => [
  writeRoute({
    method: "PUT",
    path: "/api/v1/bookings/{booking_id}",
    scope: "bookings:write",
    tag: "Bookings",
    summary: "Send a booking as it is now",
    description:
      "Send every change of a booking's status, doctor, time or place. `arrived` notifies the doctor and everyone whose " +
      "Patient Arrived Alerts cover the booking; any other status removes the notice. A change older than the last one, " +
      "or a repeat of it, changes nothing. Two changes with the same time apply in the order in which they arrive.",
    params: z.strictObject({ booking_id: id() }),
    body: bookingSchema,
    bodyExample: EXAMPLE,
    responses: {
      200: {
        description:
          "`applied` says whether the change was new. `arrival` is present if the booking has or had one.",
        body: bookingAnswer,
      },
    },
    async handler({ params, body }, { tx, caller }) {
      // It would block every later change of the booking.
      if (body.changed_at.getTime() > Date.now() + MOST_AHEAD)
        throw invalidInput([{ path: "changed_at", message: AHEAD }]);
      const result = await putBooking(
        tx,
        { ...dependencies, by: actorOf(caller) },
        {
          bookingId: params.booking_id,
          status: body.status,
          patientId: body.patient_id,
          patientName: body.patient_name,
          doctor: body.doctor as Username | null,
          location: body.location,
          appointmentAt: body.appointment_at.at,
          utcOffset: body.appointment_at.utcOffset,
          changedBy: body.changed_by as Username | null,
          changedAt: body.changed_at,
        },
      );
      return answerTo(result);
    },
  }),
  writeRoute({
    method: "DELETE",
    path: "/api/v1/bookings/{booking_id}",
    scope: "bookings:write",
    tag: "Bookings",
    summary: "Delete a booking",
    description:
      "The same as sending it as `cancelled`, changed now by Whisper's clock: the notice is removed, and the record stays. " +
      "To use the id again, send a booking whose `changed_at` is later. Deleting a booking that is unknown or cancelled " +
      "changes nothing (`applied: false`).",
    params: z.strictObject({ booking_id: id() }),
    responses: {
      200: {
        description:
          "`applied` says whether there was something to cancel. `arrival` is present if the booking has or had one.",
        body: bookingAnswer,
      },
    },
    handler: async ({ params }, { tx, caller }) =>
      answerTo(await cancelBooking(tx, { ...dependencies, by: actorOf(caller) }, params.booking_id)),
  }),
];
