/** An arrival: one coming of a patient to a doctor, and how far each of those who are to be told has got. Plain data. */

import type { Username } from "../../policy/model.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";

declare const brand: unique symbol;
export type ArrivalId = string & { readonly [brand]: "ArrivalId" };

/** A booking for which the patient has come. An arrival has one, or several in a row. */
export interface Slot {
  readonly bookingId: string;
  readonly appointmentAt: Date;
  readonly location: string | null;
  /** Minutes ahead of UTC, as HealthTrack wrote the appointment's time; null: it did not say. */
  readonly utcOffset: number | null;
  readonly arrivedAt: Date;
  readonly markedBy: Username;
}

/** Why a patient no longer waits: what became of the booking, or that nobody told us for too long. */
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

/** Why a notice was taken back: the arrival's ending, or that somebody else has answered it. */
export type RetractReason = Ending | "answered";

/** How far a recipient has got. Only a person's own act makes it acknowledged or replied, and nothing undoes that. */
export type Progress =
  | { readonly state: "waiting" }
  | { readonly state: "replied" }
  | { readonly state: "acknowledged" }
  | { readonly state: "retracted"; readonly reason: RetractReason }
  /** `reported`: whoever marked the arrival could be told so. */
  | { readonly state: "undeliverable"; readonly reason: Undeliverable; readonly reported: boolean };

/** `recipient`: by the booking and the recipient's own setting; the others by escalation. */
export type ToldAs = "recipient" | "backup" | "reception";

export interface Notice {
  readonly username: Username;
  readonly toldAs: ToldAs;
  readonly progress: Progress;
  /** It is in the recipient's room, or on its way there. */
  readonly shown: boolean;
  /** How often it was posted, and in this posting edited, repeated as a nudge, answered with a thread. */
  readonly posting: number;
  readonly edits: number;
  readonly nudges: number;
  readonly threads: number;
  readonly toldAt: Date;
  /** The first reply; stays when the notice is acknowledged after it. */
  readonly repliedAt: Date | null;
  /** When the state became one that ends the waiting. */
  readonly answeredAt: Date | null;
}

export interface Arrival {
  readonly id: ArrivalId;
  readonly patientId: string;
  readonly patientName: string | null;
  readonly doctor: Username;
  /** The practice's day, `2026-03-02`. */
  readonly day: string;
  /** By appointment; never empty. */
  readonly slots: readonly Slot[];
  readonly notices: readonly Notice[];
  /** To whom replies go: who marked the first of the bookings. */
  readonly markedBy: Username;
  /** When the patient came, by HealthTrack's clock; and when Whisper was told, by its own. */
  readonly arrivedAt: Date;
  readonly toldAt: Date;
  readonly ended: { readonly at: Date; readonly by: Ending } | null;
  /** When the time for an answer began: when it was told, or given to another doctor. */
  readonly clockAt: Date;
  /** The steps that were taken since, because nobody answered. */
  readonly escalations: readonly Escalation[];
}

/** Asked once more; somebody else was told; the end of it, when there is nobody left to tell. */
export const ESCALATIONS = ["nudge", "backup", "reception", "nobody"] as const;
export type EscalationKind = (typeof ESCALATIONS)[number];

export interface Escalation {
  readonly kind: EscalationKind;
  /** Whom it was for: a user's name or a group's. */
  readonly label: string | null;
  /** False: nobody could be told by this step. */
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
 * Those whose answer counts for the arrival: the doctor and whoever was called in by escalation; when none of these
 * could be told, everybody who was. A nurse who watches all arrivals does not answer for the doctor.
 */
export function responsible(arrival: Arrival): Notice[] {
  const told = arrival.notices.filter((notice) => notice.progress.state !== "undeliverable");
  const called = told.filter((notice) => notice.username === arrival.doctor || notice.toldAs !== "recipient");
  return called.length > 0 ? called : told.filter((notice) => isOfThisDoctor(arrival, notice));
}

/** What was answered while another doctor had the patient says nothing of this one, nor does a notice that was moved away. */
function isOfThisDoctor({ clockAt, ended }: Arrival, { progress, answeredAt }: Notice): boolean {
  if (answeredAt === null) return true;
  // With the arrival's own end everybody loses the notice, which is no moving away.
  const atTheEnd = ended !== null && answeredAt.getTime() === ended.at.getTime();
  if (progress.state === "retracted" && progress.reason === "reassigned" && !atTheEnd) return false;
  return answeredAt >= clockAt;
}

/** The whole arrival in one word, as the API shows it. */
export function stateOf(arrival: Arrival): ArrivalState {
  const counting = responsible(arrival);
  const some = (state: Progress["state"]) => counting.some((notice) => notice.progress.state === state);
  if (some("acknowledged")) return "acknowledged";
  if (some("replied")) return "replied";
  if (some("waiting")) return arrival.escalations.length > 0 ? "escalated" : "waiting";
  return some("retracted") ? "retracted" : "undeliverable";
}

/** Somebody who counts has acknowledged or replied. */
export function isAnswered(arrival: Arrival): boolean {
  const state = stateOf(arrival);
  return state === "acknowledged" || state === "replied";
}

export const noticeOf = (arrival: Arrival, username: Username): Notice | undefined =>
  arrival.notices.find((notice) => notice.username === username);
