import {
  ALLOWED,
  type Directory,
  type PracticeSettings,
  refused,
  type UserId,
  type Verdict,
} from "../model.ts";
import { whoIs } from "../names/names.ts";
import * as words from "../words.ts";
import { maySpeak } from "./may-speak.ts";

/** Whisper has no say over accounts that are not ours, such as a server administrator's. */
export function mayLogin(directory: Directory, settings: PracticeSettings, user: UserId): Verdict {
  const someone = whoIs(settings, user, directory);
  if (someone.is === "stranger") return ALLOWED;
  return someone.is === "bot" ? refused(words.botDoesNotSignIn) : maySpeak(directory, someone);
}
