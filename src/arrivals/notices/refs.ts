/**
 * The refs of the sends about an arrival (see messages/outbox.ts). They come from the rows, so a repetition is not a
 * second send.
 */

import type { EventId, RoomId, Username } from "../../policy/model.ts";
import type { Arrival, ArrivalId, Notice } from "../rules/arrival.ts";

/** `arrival:<id>:<posting>:<user>:`. A user name may contain any character, so it is escaped. */
const start = (arrival: Pick<Arrival, "id">, notice: Pick<Notice, "username" | "posting">): string =>
  `arrival:${arrival.id}:${notice.posting}:${encodeURIComponent(notice.username)}:`;

type Posted = Pick<Notice, "username" | "posting">;

export const noticeRef = (arrival: Pick<Arrival, "id">, notice: Posted): string =>
  `${start(arrival, notice)}notice`;
export const editRef = (arrival: Pick<Arrival, "id">, notice: Posted, edit: number): string =>
  `${start(arrival, notice)}edit:${edit}`;
export const nudgeRef = (arrival: Pick<Arrival, "id">, notice: Posted, nudge: number): string =>
  `${start(arrival, notice)}nudge:${nudge}`;
export const threadRef = (arrival: Pick<Arrival, "id">, notice: Posted): string =>
  `${start(arrival, notice)}thread`;
export const tickRef = (arrival: Pick<Arrival, "id">, notice: Posted, key: string): string =>
  `${start(arrival, notice)}tick:${key}`;
export const reportRef = (arrival: Pick<Arrival, "id">, notice: Posted): string =>
  `${start(arrival, notice)}report`;
export const toldRef = (arrival: Pick<Arrival, "id">, notice: Posted): string =>
  `${start(arrival, notice)}told`;
export const nobodyRef = (arrival: Pick<Arrival, "id" | "clockAt">): string =>
  `arrival:${arrival.id}:${arrival.clockAt.getTime()}:nobody`;
/** `at`: when nobody was told; an arrival may reach that point more than once. */
export const unattendedRef = (arrival: Pick<Arrival, "id">, at: Date): string =>
  `arrival:${arrival.id}:${at.getTime()}:unattended`;
export const redactionOf = (ref: string): string => `${ref}:redact`;

/** A passed-on reply, by the event of the reply. */
export const passedOnRef = (event: EventId): string => `arrival-reply:${event}`;
/** A passed-on edit, by the event of the edit. */
export const passedOnEditRef = (event: EventId): string => `arrival-reply-edit:${event}`;
/** Tells a recipient that what they wrote in this event could not be passed on after all. */
export const notPassedOnRef = (event: EventId): string => `arrival-not-passed-on:${event}`;
/** Whisper's answer to something that someone did in their arrivals room. */
export const answerRef = (event: EventId): string => `arrival-answer:${event}`;

/** Everything with text that was posted about a notice, in the order it was posted. */
export function postedRefs(arrival: Pick<Arrival, "id">, notice: Notice): string[] {
  return [
    noticeRef(arrival, notice),
    ...count(notice.edits).map((edit) => editRef(arrival, notice, edit)),
    ...count(notice.nudges).map((nudge) => nudgeRef(arrival, notice, nudge)),
    ...(notice.threads > 0 ? [threadRef(arrival, notice)] : []),
  ];
}

/** The card pinned in an arrivals room; a room that replaces another gets its own. */
export const cardRef = (room: RoomId): string => `arrival-card:${room}`;
/** The history that a user has opened for the nth time. */
export const historyRef = (username: Username, opened: number): string =>
  `arrival-history:${encodeURIComponent(username)}:${opened}`;
/** Removing a click on a button, so that the next click counts again. */
export const releaseRef = (event: EventId): string => `arrival-release:${event}`;

const count = (upTo: number): number[] => Array.from({ length: upTo }, (_, index) => index + 1);

/** Which posting of whose notice a send was about; null: none. */
export interface AboutNotice {
  readonly arrival: ArrivalId;
  readonly username: Username;
  readonly posting: number;
}

export function noticeBehind(ref: string): AboutNotice | null {
  const match = /^arrival:([^:]+):(\d+):([^:]+):(?:notice|edit:\d+|nudge:\d+|thread)$/.exec(ref);
  const [, arrival, posting, username] = match ?? [];
  if (arrival === undefined || username === undefined) return null;
  return {
    arrival: arrival as ArrivalId,
    username: decodeURIComponent(username) as Username,
    posting: Number(posting),
  };
}
