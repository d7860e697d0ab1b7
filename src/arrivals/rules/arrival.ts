/** An arrival: a patient has come to see a doctor, and how far everyone who should know has got. Plain data. */

import type { Username } from "../../policy/model.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";

declare const brand: unique symbol;
export type ArrivalId = string & { readonly [brand]: "ArrivalId" };

/** A booking for which the patient has come. An arrival has one, or several in a row. */
export interface Slot {
  readonly bookingId: string;
  readonly appointmentAt: Date;
  readonly location: string | null;
  /** Minutes ahead of UTC in the appointment's time as HealthTrack sent it; null: it did not say. */
  readonly utcOffset: number | null;
  readonly arrivedAt: Date;
  /** Null: HealthTrack did not say. */
  readonly markedBy: Username | null;
}

/** Why a patient no longer waits: what became of the booking, or that there was no news for too long. */
export const ENDINGS = [
  "unarrived",
  "cancelled",
  "no_show",
  "reassigned",
  "in_session",
  "out_session",
  "closed",
  "stale",
] as const;
export type Ending = (typeof ENDINGS)[number];

/** Why a notice was retracted: the arrival ended, or someone else has answered it. */
export type RetractReason = Ending | "answered";

/** How far a recipient has got. Only a person's own act makes it acknowledged or replied, and nothing undoes that. */
export type Progress =
  | { readonly state: "waiting" }
  | { readonly state: "replied" }
  | { readonly state: "acknowledged" }
  | { readonly state: "retracted"; readonly reason: RetractReason }
  /** `reported`: whoever marked the arrival was told. */
  | { readonly state: "undeliverable"; readonly reason: Undeliverable; readonly reported: boolean };

/**
 * `recipient`: by the booking and the recipient's own setting; the others by escalation. `reception` also without a
 * doctor, if nobody's setting covers the booking.
 */
export const TOLD_AS = ["recipient", "backup", "reception"] as const;
export type ToldAs = (typeof TOLD_AS)[number];

export interface Notice {
  readonly username: Username;
  readonly toldAs: ToldAs;
  readonly progress: Progress;
  /** It is in the recipient's room, or on its way there. */
  readonly shown: boolean;
  /** How often it was posted. Edits, nudges and threads count within this posting. */
  readonly posting: number;
  readonly edits: number;
  readonly nudges: number;
  readonly threads: number;
  readonly toldAt: Date;
  /** When the first reply came; kept when the notice is acknowledged later. */
  readonly repliedAt: Date | null;
  /** When the notice reached a state in which nobody waits for an answer. */
  readonly answeredAt: Date | null;
}

export interface Arrival {
  readonly id: ArrivalId;
  readonly patientId: string;
  readonly patientName: string | null;
  /** Null: the patient came without a booked doctor. */
  readonly doctor: Username | null;
  /** The practice's day, `2026-03-02`. */
  readonly day: string;
  /** By appointment; never empty. */
  readonly slots: readonly Slot[];
  readonly notices: readonly Notice[];
  /** Who gets the replies: whoever marked the first of the bookings. Null: HealthTrack did not say. */
  readonly markedBy: Username | null;
  /** When the patient came, by HealthTrack's clock, and when Whisper heard of it, by its own. */
  readonly arrivedAt: Date;
  readonly toldAt: Date;
  readonly ended: { readonly at: Date; readonly by: Ending } | null;
  /** When the time for an answer began: when the arrival was announced, or given to another doctor. */
  readonly clockAt: Date;
  /** The steps taken since because nobody answered. */
  readonly escalations: readonly Escalation[];
}

/** Asked again; someone else was told; and finally, nobody is left to tell. */
export const ESCALATIONS = ["nudge", "backup", "reception", "nobody"] as const;
export type EscalationKind = (typeof ESCALATIONS)[number];

export interface Escalation {
  readonly kind: EscalationKind;
  /** Whom the step was for: a user's name or a group's. */
  readonly label: string | null;
  /** False: the step could tell nobody. */
  readonly told: boolean;
  readonly at: Date;
}

export const ARRIVAL_STATES = [
  "waiting",
  "acknowledged",
  "replied",
  "retracted",
  "escalated",
  "undeliverable",
] as const;
export type ArrivalState = (typeof ARRIVAL_STATES)[number];

/**
 * Those whose answer counts for the arrival: the doctor and whoever was called in by escalation. If none of these could
 * be told, everyone who was. A nurse who watches all arrivals does not answer for the doctor.
 */
export function responsibleNotices(arrival: Arrival): Notice[] {
  const told = arrival.notices.filter((notice) => notice.progress.state !== "undeliverable");
  const called = told.filter((notice) => notice.username === arrival.doctor || notice.toldAs !== "recipient");
  return called.length > 0 ? called : told.filter((notice) => isOfThisDoctor(arrival, notice));
}

/**
 * An answer given while another doctor had the patient does not count for this one, nor does a notice that moved away.
 */
function isOfThisDoctor({ clockAt, ended }: Arrival, { progress, answeredAt }: Notice): boolean {
  if (answeredAt === null) return true;
  // When the arrival itself ends, everyone loses the notice; that does not count as moving away.
  const atTheEnd = ended !== null && answeredAt.getTime() === ended.at.getTime();
  if (progress.state === "retracted" && progress.reason === "reassigned" && !atTheEnd) return false;
  return answeredAt >= clockAt;
}

/** The whole arrival in one word, as the API shows it. */
export function stateOf(arrival: Arrival): ArrivalState {
  const counting = responsibleNotices(arrival);
  const some = (state: Progress["state"]) => counting.some((notice) => notice.progress.state === state);
  if (some("acknowledged")) return "acknowledged";
  if (some("replied")) return "replied";
  if (some("waiting")) return arrival.escalations.length > 0 ? "escalated" : "waiting";
  return some("retracted") || neverAnnounced(arrival) ? "retracted" : "undeliverable";
}

/** It was over when Whisper heard of it. */
const neverAnnounced = ({ ended, toldAt }: Arrival): boolean =>
  ended?.by === "stale" && ended.at.getTime() === toldAt.getTime();

/** Has someone whose answer counts acknowledged or replied? */
export function isAnswered(arrival: Arrival): boolean {
  const state = stateOf(arrival);
  return state === "acknowledged" || state === "replied";
}

/** Where the patient waits: at the first booking. */
export const locationOf = ({ slots }: Arrival): string | null => slots[0]?.location ?? null;

export const noticeToRecipient = (arrival: Arrival, username: Username): Notice | undefined =>
  arrival.notices.find((notice) => notice.username === username);
