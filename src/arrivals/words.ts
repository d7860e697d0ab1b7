/** Every sentence about arrivals. Plain, short, no codes, and what to do next. */

import type { Undeliverable } from "../policy/arrivalRecipients.ts";
import { list } from "../policy/words.ts";

// The notice
export const patient = (id: string) => `Patient ${id}`;
export const hasArrived = (who: string) => `${who} has arrived`;
export const appointments = (times: readonly string[]) =>
  `${list(times)} ${times.length === 1 ? "appointment" : "appointments"}`;
export const forDoctor = (name: string) => `for ${name}`;
export const markedBy = (name: string) => `marked by ${name}`;
export const separator = " · ";

// The thread under a notice
export const writeHere = (name: string) => `Write here, I pass it on to ${name}.`;

// To a recipient whose words went nowhere
export const notPassedOn = (why: string) => `Your reply was not passed on. ${why}`;
export const markedByYourself = "You marked this arrival yourself.";
export const notAReply =
  "Nobody else reads what is written here. To reply about a patient, press ↩️ under the notice, or reply to it.";

// To whoever marked an arrival
export const notTold = (doctor: string, who: string, reason: Undeliverable) =>
  `${doctor} was not told that ${who} has arrived: ${because[reason]} Please tell them yourself.`;
const because: Record<Undeliverable, string> = {
  "no-account": "they are not in the staff list.",
  inactive: "their HealthTrack account is not active.",
  "no-access": "they do not have access to Whisper.",
  "alerts-off": "their Patient Arrived Alerts are off.",
};
