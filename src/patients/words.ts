/** What people are told about links to patients (docs/product-text.md, "Link to a Patient"). */
import { sentence, title } from "../base/shown-name.ts";
import { MOST_PATIENTS } from "../policy/directives/directive.ts";

/** The name of a link. */
export const patient = (id: string): string => title`Patient ${id}`;

export const tooMany = sentence`A message links up to ${MOST_PATIENTS} patients. I linked the first ${MOST_PATIENTS}. Send another message for the rest.`;
export const noneOpen =
  "No patient is open for you in HealthTrack, so I linked none. Write #patient and the Patient ID, such as #patient 12345.";
export const unreadable = (written: readonly string[]): string =>
  sentence`I could not read ${written.map((each) => title`“${each}”`).join(", ")} as a Patient ID, so I did not link it. Write the ID without spaces or punctuation, such as #patient 12345.`;
/** On the pages behind a link. */
export const openInBrowser = "This is a link to a patient. Open it in your browser.";
export const unknownLink = "This link is not known. Open the patient in HealthTrack.";
export const expiredLink = "This link has expired. Open the patient in HealthTrack.";
export const openYourself = (id: string): string => sentence`Open patient ${id} in HealthTrack.`;
/** To a client that opens a link on a person's desktop. */
export const signInFirst = "Sign in first, and send your access token.";
export const notInConversation = "This link is not from one of your conversations.";
export const tryAgain = "Whisper cannot ask who you are right now. Try again in a moment.";

export const tooLong =
  "Your message is too long to hold the links to its patients. Send a shorter one with #patient and the Patient ID.";
