/** A booking as HealthTrack sends it. */

import type { Username } from "../../policy/model.ts";

export const BOOKING_STATUSES = [
  "booked",
  "confirmed",
  "arrived",
  "in_session",
  "out_session",
  "closed",
  "no_show",
  "cancelled",
] as const;
export type BookingStatus = (typeof BOOKING_STATUSES)[number];

export interface Booking {
  readonly bookingId: string;
  readonly status: BookingStatus;
  readonly patientId: string;
  readonly patientName: string | null;
  /** As HealthTrack writes it; the directory may not know them. Null: no doctor, as for a walk-in. */
  readonly doctor: Username | null;
  readonly location: string | null;
  readonly appointmentAt: Date;
  /** Minutes ahead of UTC in the appointment's time as HealthTrack sent it; null: it did not say. */
  readonly utcOffset: number | null;
  /** A kiosk, or someone whom the directory does not know, is possible. Null: HealthTrack did not say. */
  readonly changedBy: Username | null;
  readonly changedAt: Date;
}

/** Where a booking's patient is, as far as the waiting room is concerned. */
export type Presence = "expected" | "waiting" | "seen" | "not-coming";

export function presenceOf(status: BookingStatus): Presence {
  switch (status) {
    case "booked":
    case "confirmed":
      return "expected";
    case "arrived":
      return "waiting";
    case "in_session":
    case "out_session":
    case "closed":
      return "seen";
    case "no_show":
    case "cancelled":
      return "not-coming";
    default:
      return status satisfies never;
  }
}
