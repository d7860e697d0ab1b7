/** What those who look after Whisper are told of an observation (docs/product-text.md, "Observing a User"). */
import { sentence } from "../../base/shown-name.ts";

export const begun = (actor: string, target: string, reason: string | null): string =>
  reason === null
    ? sentence`${actor} is observing ${target}’s conversations and gave no reason.`
    : sentence`${actor} is observing ${target}’s conversations. Reason: ${reason}`;

/** @param minutes how long it lasted. */
export const ended = (actor: string, target: string, minutes: number): string =>
  sentence`${actor} has stopped observing ${target}’s conversations, after ${lasting(minutes)}.`;

const lasting = (minutes: number): string => (minutes <= 1 ? "a minute" : sentence`${minutes} minutes`);

export const onlyAdministrators =
  "Only administrators may observe a user: they have WhisperAdmin themselves, and are in HMS-Administrator.";
