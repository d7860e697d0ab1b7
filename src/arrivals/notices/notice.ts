/** The events about an arrival, as clients show them. */

import { shownName } from "../../base/shown-name.ts";
import { escapeHtml, HTML_FORMAT } from "../../messages/html/html.ts";
import type { Directory, Username } from "../../policy/model.ts";
import { type Arrival, type Notice, responsibleNotices, stateOf } from "../rules/arrival.ts";
import { appointmentTime, dayOf, minutesBetween, type PracticeZone, timeOf, zoneOf } from "./clock.ts";
import { patientShown, type ShownPatient } from "./patient.ts";
import * as words from "./words.ts";

type Content = Readonly<Record<string, unknown>>;

/** In the content of each notice, for clients that know Whisper, and to recognise a notice by. */
const ARRIVAL_KEY = "au.healthtrack.whisper.arrival";
const PATIENTS_KEY = "au.healthtrack.whisper.patients";
export const ACKNOWLEDGE = "✅";
export const REPLY = "↩️";
export const HISTORY = "🕘";

export interface NoticeView {
  readonly directory: Directory;
  readonly zone: PracticeZone;
  /** An appointment on another day than this is shown with its date. */
  readonly now: Date;
  readonly show: ShownPatient;
  /** Opens the patient's record. */
  readonly patientUrl: string;
}

/** A line in two forms: plain, and with its links. */
export interface Line {
  readonly text: string;
  readonly html: string;
}

export const staffName = (directory: Directory, username: Username): string =>
  shownName(directory.users.get(username)?.name ?? username);

/** `A.J. has arrived · 10:30 appointment · Main St · Patient 12345`, followed by what the reader does not know yet. */
export function lineOf(arrival: Arrival, view: NoticeView, more: readonly string[] = []): Line {
  const link = words.patient(arrival.patientId);
  const linked = `<a href="${escapeHtml(view.patientUrl)}">${escapeHtml(link)}</a>`;
  const who = patientShown(arrival, view.show);
  const times = [...new Set(arrival.slots.map((slot) => appointmentTime(view.zone, slot, view.now)))];
  const places = [
    ...new Set(arrival.slots.flatMap((slot) => (slot.location === null ? [] : shownName(slot.location)))),
  ];
  const idShown = who === link;
  const parts: Line[] = [
    { text: words.hasArrived(who), html: words.hasArrived(idShown ? linked : escapeHtml(who)) },
    ...[words.appointments(times), ...places].map(plain),
    ...(idShown ? [] : [{ text: link, html: linked }]),
    ...more.map(plain),
  ];
  return {
    text: parts.map(({ text }) => text).join(words.separator),
    html: parts.map(({ html }) => html).join(words.separator),
  };
}

const plain = (text: string): Line => ({ text, html: escapeHtml(text) });

/** The doctor, unless that is the reader, and whom to ask, if that is known. */
function context(arrival: Arrival, reader: Username, { directory }: NoticeView): string[] {
  const { doctor, markedBy } = arrival;
  const whose = doctor === null ? words.noDoctor : words.forDoctor(staffName(directory, doctor));
  const marker = markedBy === null ? [] : [words.markedBy(staffName(directory, markedBy))];
  return reader === doctor ? marker : [whose, ...marker];
}

/** Each escalation step, and finally who has answered, unless that is the reader. */
function stepsTaken(arrival: Arrival, reader: Username, { directory, zone: practice }: NoticeView): string[] {
  const zone = zoneOf(practice, arrival.slots[0] ?? { location: null });
  const steps = arrival.escalations.flatMap(({ kind, label, told, at }) => {
    const time = timeOf(zone, at, dayOf(zone, at));
    switch (kind) {
      case "nudge":
        return told ? words.askedAgain(time) : [];
      case "backup":
      case "reception":
        return (told ? words.alsoTold : words.couldNotBeTold)(shownName(label ?? ""), time);
      case "nobody":
        return words.nobodyAnswered(time);
      default:
        return kind satisfies never;
    }
  });
  if (!arrival.notices.some(({ toldAs }) => toldAs !== "recipient")) return steps;
  const answered = responsibleNotices(arrival).find(
    ({ username, progress }) =>
      username !== reader && (progress.state === "acknowledged" || progress.state === "replied"),
  );
  return answered === undefined
    ? steps
    : [...steps, words.answeredBy(staffName(directory, answered.username))];
}

/** The notice itself. It is `m.text` from the bot, not `m.notice`: clients make no sound for those. */
export function noticeContent(arrival: Arrival, notice: Notice, view: NoticeView): Content {
  const line = lineOf(arrival, view, [
    ...context(arrival, notice.username, view),
    ...stepsTaken(arrival, notice.username, view),
  ]);
  return {
    msgtype: "m.text",
    body: line.text,
    format: HTML_FORMAT,
    formatted_body: line.html,
    [PATIENTS_KEY]: [arrival.patientId],
    [ARRIVAL_KEY]: {
      arrival_id: arrival.id,
      booking_id: arrival.slots[0]?.bookingId,
      booking_ids: arrival.slots.map((slot) => slot.bookingId),
      state: stateOf(arrival),
      appointment_at: arrival.slots[0]?.appointmentAt.toISOString(),
      location: arrival.slots[0]?.location ?? null,
      arrived_at: arrival.arrivedAt.toISOString(),
      told_as: notice.toldAs,
    },
  };
}

/** The notice as it is now, replacing the posted one (client-server API, "Event replacements"). */
export function editContent(arrival: Arrival, notice: Notice, view: NoticeView): Content {
  const content = noticeContent(arrival, notice, view);
  return {
    ...content,
    body: `* ${content.body}`,
    formatted_body: `* ${content.formatted_body}`,
    "m.new_content": content,
    "m.relates_to": { rel_type: "m.replace" },
  };
}

/** Asks again, as a reply to the notice, since an edit makes no sound. */
export const nudgeContent = (arrival: Arrival, now: Date, { show }: NoticeView): Content => ({
  msgtype: "m.text",
  body: words.stillWaiting(patientShown(arrival, show), minutesBetween(arrival.toldAt, now)),
});

/** A reaction from the bot, so that one click answers. */
export const tickContent = (key: string): Content => ({ "m.relates_to": { rel_type: "m.annotation", key } });
