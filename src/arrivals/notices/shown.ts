/** An arrival as the API shows it. */

import { z } from "zod";
import {
  ARRIVAL_STATES,
  type Arrival,
  ENDINGS,
  ESCALATIONS,
  type Notice,
  stateOf,
  TOLD_AS,
} from "../rules/arrival.ts";

const RECIPIENT_STATES = ["waiting", "acknowledged", "replied", "retracted", "undeliverable"] as const;
const moment = () => z.iso.datetime();

export const recipientSchema = z
  .strictObject({
    username: z.string(),
    state: z.enum(RECIPIENT_STATES),
    reason: z
      .string()
      .optional()
      .describe(
        "retracted: the booking's new status, `unarrived`, `reassigned`, `stale`, or `answered` by someone else; " +
          "undeliverable: `no-account`, `inactive`, `no-access`, `alerts-off`, `not-sent`",
      ),
  })
  .meta({ id: "ArrivalRecipient" });

export const arrivalInBookingSchema = z
  .strictObject({ id: z.string(), state: z.enum(ARRIVAL_STATES), recipients: z.array(recipientSchema) })
  .meta({ id: "BookingArrival" });

export const arrivalSchema = z
  .strictObject({
    id: z.string(),
    state: z
      .enum(ARRIVAL_STATES)
      .describe("how far those got who are to answer: the doctor, and whoever was called in by escalation"),
    doctor: z.string().nullable().describe("null: the patient came without a booked doctor"),
    patient_id: z.string(),
    patient_name: z.string().nullable(),
    bookings: z.array(
      z.strictObject({ booking_id: z.string(), appointment_at: moment(), location: z.string().nullable() }),
    ),
    marked_by: z.string().nullable(),
    arrived_at: moment(),
    ended: z
      .strictObject({ at: moment(), reason: z.enum(ENDINGS) })
      .nullable()
      .describe("null: the patient is in the waiting room"),
    waited_seconds: z
      .strictObject({
        since_arrival: z.int(),
        since_appointment: z.int().describe("of the first booking; 0 before its time"),
      })
      .describe("until now, or until the end"),
    recipients: z.array(
      recipientSchema.extend({
        told_as: z.enum(TOLD_AS),
        told_at: moment(),
        replied_at: moment().nullable(),
        answered_at: moment().nullable().describe("when the state became what it is, unless it is `waiting`"),
        reported: z
          .boolean()
          .optional()
          .describe(
            "undeliverable: whether whoever marked the arrival could be told so, or someone in their place",
          ),
      }),
    ),
    escalations: z.array(
      z.strictObject({
        step: z.enum(ESCALATIONS),
        told: z
          .string()
          .nullable()
          .describe("whom the step told, by name; null: nobody, or those told before"),
        not_told: z.string().optional().describe("whom the step was for, though none of them could be told"),
        at: moment(),
      }),
    ),
  })
  .meta({ id: "Arrival" });

type ShownInBooking = z.input<typeof arrivalInBookingSchema>;
type Shown = z.input<typeof arrivalSchema>;

export const shownInBooking = (arrival: Arrival): ShownInBooking => ({
  id: arrival.id,
  state: stateOf(arrival),
  recipients: arrival.notices.map(shownRecipient),
});

const shownRecipient = ({ username, progress }: Notice): ShownInBooking["recipients"][number] => ({
  username,
  state: progress.state,
  ...("reason" in progress ? { reason: progress.reason } : {}),
});

export function shownArrival(arrival: Arrival, now: Date): Shown {
  const until = arrival.ended?.at ?? now;
  const seconds = (from: Date) => Math.max(0, Math.floor((until.getTime() - from.getTime()) / 1_000));
  return {
    id: arrival.id,
    state: stateOf(arrival),
    doctor: arrival.doctor,
    patient_id: arrival.patientId,
    patient_name: arrival.patientName,
    bookings: arrival.slots.map(({ bookingId, appointmentAt, location }) => ({
      booking_id: bookingId,
      appointment_at: appointmentAt.toISOString(),
      location,
    })),
    marked_by: arrival.markedBy,
    arrived_at: arrival.arrivedAt.toISOString(),
    ended: arrival.ended && { at: arrival.ended.at.toISOString(), reason: arrival.ended.by },
    waited_seconds: {
      since_arrival: seconds(arrival.arrivedAt),
      since_appointment: seconds(arrival.slots[0]?.appointmentAt ?? until),
    },
    recipients: arrival.notices.map((notice) => ({
      ...shownRecipient(notice),
      told_as: notice.toldAs,
      told_at: notice.toldAt.toISOString(),
      replied_at: notice.repliedAt?.toISOString() ?? null,
      answered_at: notice.answeredAt?.toISOString() ?? null,
      ...(notice.progress.state === "undeliverable" ? { reported: notice.progress.reported } : {}),
    })),
    escalations: arrival.escalations.map(({ kind, label, told, at }) => ({
      step: kind,
      told: told ? label : null,
      ...(told || label === null ? {} : { not_told: label }),
      at: at.toISOString(),
    })),
  };
}
