/** Every sentence about arrivals. Plain, short, no codes, and what to do next. */

import { sentence } from "../../base/shown-name.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";
import { listOfNames } from "../../policy/words.ts";

// The notice
export const patient = (id: string) => sentence`Patient ${id}`;
/** For readers who get no link to the patient with it. */
export const withId = (who: string, id: string) =>
  who === patient(id) ? who : sentence`${who} (${patient(id)})`;
export const hasArrived = (who: string) => sentence`${who} has arrived`;
export const appointments = (times: readonly string[]) =>
  sentence`${listOfNames(times)} ${times.length === 1 ? "appointment" : "appointments"}`;
export const forDoctor = (name: string) => sentence`for ${name}`;
export const noDoctor = "no doctor booked";
export const markedBy = (name: string) => sentence`marked by ${name}`;
export const separator = " · ";

// What escalation adds to it
export const askedAgain = (time: string) => sentence`asked again at ${time}`;
export const alsoTold = (whom: string, time: string) => sentence`${whom} told at ${time}`;
export const couldNotBeTold = (whom: string, time: string) => sentence`${whom} could not be told at ${time}`;
export const nobodyAnswered = (time: string) => sentence`nobody had answered by ${time}`;
export const answeredBy = (name: string) => sentence`answered by ${name}`;
export const stillWaiting = (who: string, minutes: number) =>
  sentence`${who} has been waiting for ${minutesOf(minutes)}. Press ✅ or reply.`;
export const nobodyAnsweredFor = (who: string, doctor: string | null) =>
  sentence`${who} has arrived ${doctor === null ? "without a booked doctor" : sentence`for ${doctor}`}, and nobody has answered. Please look after them yourself.`;

// The thread under a notice
export const writeHere = (name: string) => sentence`Write here and I'll pass it on to ${name}.`;

// The card, and the history that it shows
export const arrivalsCard = (quick: readonly { readonly key: string; readonly text: string }[]) =>
  [
    "Your patients who have arrived are announced here. Under a notice, press",
    "✅ when you have seen it: the notice goes",
    "↩️ to write a reply",
    ...quick.map(({ key, text }) => sentence`${key} to answer “${text}”`),
    "Press 🕘 on this message, or write history, to see earlier arrivals; do it again to hide them.",
  ].join("\n");
export const historyHeading =
  "Arrivals that you have acknowledged, newest first. Press 🕘 or write history to hide them.";
export const historyEmpty = "You have not acknowledged any arrivals yet.";
export const isHistory = (text: string) => /^!?history[.!?]*$/i.test(text.trim());
export const acknowledgedBy = (name: string, time: string) => sentence`acknowledged by ${name} at ${time}`;
export const repliedBy = (name: string, time: string) => sentence`answered by ${name} at ${time}`;
export const notAnswered = "not acknowledged";
export const waited = (minutes: number) => sentence`waited ${minutesOf(minutes)}`;
const minutesOf = (minutes: number) => (minutes === 1 ? "1 minute" : sentence`${minutes} minutes`);

// The waiting room in a terminal
export const boardHeadings = [
  "Patient",
  "Doctor",
  "Location",
  "Appointment",
  "Arrived",
  "Waiting",
  "Late",
  "State",
];
export const boardEmpty = "Nobody is waiting.";
export const boardMore = (shown: number) =>
  sentence`More patients are waiting. These ${shown} have waited longest; the API (GET /api/v1/arrivals) lists the others.`;
export const minutesShort = (minutes: number) => sentence`${minutes} min`;

// In the admin room
export const unattended = (who: string, location: string | null) =>
  sentence`${who} has arrived${location === null ? "" : sentence` at ${location}`} without a booked doctor, and nobody there is told of arrivals. Please make sure that somebody looks after them. To avoid this, give the location a reception in the configuration (arrivals.reception).`;

export const attended = (who: string, location: string | null) =>
  sentence`Somebody has now been told that ${who} has arrived${location === null ? "" : sentence` at ${location}`}.`;

// To a recipient whose words could not be passed on
export const notPassedOn = (why: string) => sentence`Your reply was not passed on. ${why}`;
export const phone = (name: string | null) => sentence`Please phone ${name ?? "reception"}.`;
export const correctionNotSent =
  "Your correction could not be passed on. Please phone whoever should know of it.";
export const replyTooLong =
  "It is too long for one message together with the notice. Send it in several parts.";
export const correctionTooLong =
  "Your correction was not passed on: it is too long for one message. Send the rest as another reply.";
export const correctionTooLate = "Your correction was not passed on: the reply is too old. Send another one.";
export const markedByYourself = "You marked this arrival yourself.";
export const receptionYourself = "You are the reception for this arrival.";
export const markerUnknown = (marker: string | null) =>
  marker === null
    ? "It is not known who marked this arrival. Phone reception."
    : sentence`This arrival was marked by ${marker}, who is not in the staff list. Phone reception.`;
export const administrators = "the administrators";
/** Before a reply that Whisper passes on in its own name. */
export const saidBy = (name: string) => sentence`${name}:`;
export const notAReply =
  "Nobody else reads what is written here. To reply about a patient, press ↩️ under the notice, or reply to it.";
export const notAButton =
  "Nobody else sees this reaction. Press ✅ under the notice when you have seen it, or ↩️ to reply.";

// To whoever marked an arrival
export const notTold = (doctor: string, who: string, reason: Undeliverable) =>
  sentence`${doctor} was not told that ${who} has arrived: ${because[reason]} Please tell them yourself.`;
export const noLongerSees = (name: string, who: string, reason: Undeliverable) =>
  sentence`${name} can no longer see that ${who} has arrived: ${because[reason]} Please tell them yourself.`;
export const toldAfterAll = (name: string, who: string) =>
  sentence`${name} has now been told that ${who} has arrived.`;
const because: Record<Undeliverable, string> = {
  "no-account": "they are not in the staff list.",
  inactive: "their HealthTrack account is not active.",
  "no-access": "they do not have access to Whisper.",
  "not-sent": "the message could not be delivered.",
  "alerts-off": "their Patient Arrived Alerts are off.",
};
