/** Converts arrivals and bookings to rows and back. Times travel as RFC 3339 inside JSON. */

import type { Username } from "../../policy/model.ts";
import { foldLocation } from "../../policy/names/locations.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";
import type {
  Arrival,
  ArrivalId,
  Ending,
  Escalation,
  EscalationKind,
  Notice,
  Progress,
  RetractReason,
  Slot,
  ToldAs,
} from "../rules/arrival.ts";
import { stateOf } from "../rules/arrival.ts";
import type { Booking, BookingStatus } from "../rules/booking.ts";

export interface BookingRow {
  readonly booking_id: string;
  readonly status: BookingStatus;
  readonly patient_id: string;
  readonly patient_name: string | null;
  readonly doctor: Username | null;
  readonly location: string | null;
  readonly appointment_at: string;
  readonly changed_by: Username | null;
  readonly changed_at: string;
}

export const bookingFromRow = (row: BookingRow): Booking => ({
  bookingId: row.booking_id,
  status: row.status,
  patientId: row.patient_id,
  patientName: row.patient_name,
  doctor: row.doctor,
  location: row.location,
  appointmentAt: new Date(row.appointment_at),
  // No longer needed: the time is shown by the offset that is sent now.
  utcOffset: null,
  changedBy: row.changed_by,
  changedAt: new Date(row.changed_at),
});

export const bookingToRow = (booking: Booking): BookingRow => ({
  booking_id: booking.bookingId,
  status: booking.status,
  patient_id: booking.patientId,
  patient_name: booking.patientName,
  doctor: booking.doctor,
  location: booking.location,
  appointment_at: booking.appointmentAt.toISOString(),
  changed_by: booking.changedBy,
  changed_at: booking.changedAt.toISOString(),
});

interface SlotRow {
  readonly booking_id: string;
  readonly appointment_at: string;
  readonly location: string | null;
  readonly utc_offset: number | null;
  readonly arrived_at: string;
  readonly marked_by: Username | null;
}

interface NoticeRow {
  readonly username: Username;
  readonly told_as: ToldAs;
  readonly state: Progress["state"];
  readonly reason: string | null;
  readonly reported: boolean | null;
  readonly shown: boolean;
  readonly posting: number;
  readonly edits: number;
  readonly nudges: number;
  readonly threads: number;
  readonly told_at: string;
  readonly replied_at: string | null;
  readonly answered_at: string | null;
}

interface EscalationRow {
  readonly kind: EscalationKind;
  readonly label: string | null;
  readonly told: boolean;
  readonly taken_at: string;
}

export interface ArrivalRow {
  readonly id: ArrivalId;
  readonly patient_id: string;
  readonly patient_name: string | null;
  readonly doctor: Username | null;
  readonly day: string;
  readonly marked_by: Username | null;
  readonly arrived_at: string;
  readonly told_at: string;
  readonly ended_at: string | null;
  readonly ended_by: Ending | null;
  readonly clock_at: string;
  readonly escalations: readonly EscalationRow[];
  readonly slots: readonly SlotRow[];
  readonly notices: readonly NoticeRow[];
}

export const arrivalFromRow = (row: ArrivalRow): Arrival => ({
  id: row.id,
  patientId: row.patient_id,
  patientName: row.patient_name,
  doctor: row.doctor,
  day: row.day,
  slots: row.slots.map(slotFromRow),
  notices: row.notices.map(noticeFromRow),
  markedBy: row.marked_by,
  arrivedAt: new Date(row.arrived_at),
  toldAt: new Date(row.told_at),
  ended:
    row.ended_at === null || row.ended_by === null ? null : { at: new Date(row.ended_at), by: row.ended_by },
  clockAt: new Date(row.clock_at),
  escalations: row.escalations.map(({ kind, label, told, taken_at }) => ({
    kind,
    label,
    told,
    at: new Date(taken_at),
  })),
});

const slotFromRow = (row: SlotRow): Slot => ({
  bookingId: row.booking_id,
  appointmentAt: new Date(row.appointment_at),
  location: row.location,
  utcOffset: row.utc_offset,
  arrivedAt: new Date(row.arrived_at),
  markedBy: row.marked_by,
});

const noticeFromRow = (row: NoticeRow): Notice => ({
  username: row.username,
  toldAs: row.told_as,
  progress: progressFromRow(row),
  shown: row.shown,
  posting: row.posting,
  edits: row.edits,
  nudges: row.nudges,
  threads: row.threads,
  toldAt: new Date(row.told_at),
  repliedAt: momentFromRow(row.replied_at),
  answeredAt: momentFromRow(row.answered_at),
});

/** `noticeToRow` wrote the reasons, so they match the state. */
function progressFromRow({ state, reason, reported }: NoticeRow): Progress {
  switch (state) {
    case "waiting":
    case "replied":
    case "acknowledged":
      return { state };
    case "retracted":
      return { state, reason: reason as RetractReason };
    case "undeliverable":
      return { state, reason: reason as Undeliverable, reported: reported === true };
    default:
      return state satisfies never;
  }
}

const momentFromRow = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** An arrival without its slots and notices, which are rows of their own. */
export const arrivalToRow = (arrival: Arrival) => ({
  id: arrival.id,
  patient_id: arrival.patientId,
  patient_name: arrival.patientName,
  doctor: arrival.doctor,
  day: arrival.day,
  state: stateOf(arrival),
  marked_by: arrival.markedBy,
  arrived_at: arrival.arrivedAt.toISOString(),
  told_at: arrival.toldAt.toISOString(),
  ended_at: arrival.ended?.at.toISOString() ?? null,
  ended_by: arrival.ended?.by ?? null,
  clock_at: arrival.clockAt.toISOString(),
});

export const escalationToRow = (arrival: Arrival, escalation: Escalation, index: number) => ({
  arrival_id: arrival.id,
  clock_at: arrival.clockAt.toISOString(),
  step: index + 1,
  kind: escalation.kind,
  label: escalation.label,
  told: escalation.told,
  taken_at: escalation.at.toISOString(),
});

export const slotToRow = (arrival: Arrival, slot: Slot) => ({
  arrival_id: arrival.id,
  booking_id: slot.bookingId,
  appointment_at: slot.appointmentAt.toISOString(),
  location: slot.location,
  location_key: slot.location && foldLocation(slot.location),
  utc_offset: slot.utcOffset,
  arrived_at: slot.arrivedAt.toISOString(),
  marked_by: slot.markedBy,
});

export const noticeToRow = (arrival: Arrival, notice: Notice) => ({
  arrival_id: arrival.id,
  username: notice.username,
  told_as: notice.toldAs,
  state: notice.progress.state,
  reason: "reason" in notice.progress ? notice.progress.reason : null,
  reported: "reported" in notice.progress ? notice.progress.reported : null,
  shown: notice.shown,
  posting: notice.posting,
  edits: notice.edits,
  nudges: notice.nudges,
  threads: notice.threads,
  told_at: notice.toldAt.toISOString(),
  replied_at: notice.repliedAt?.toISOString() ?? null,
  answered_at: notice.answeredAt?.toISOString() ?? null,
});
