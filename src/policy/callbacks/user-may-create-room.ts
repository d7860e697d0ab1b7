import type { Directory, PracticeSettings, UserId, Verdict } from "../model.ts";
import { whoIs } from "../names/names.ts";
import { maySpeak } from "./may-speak.ts";

export const mayCreateRoom = (directory: Directory, settings: PracticeSettings, user: UserId): Verdict =>
  maySpeak(directory, whoIs(settings, user, directory));
