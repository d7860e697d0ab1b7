/**
 * The policy callbacks about people and rooms judge the outcome, not who acts: what Whisper does
 * while acting as a user passes because it leads to the expected room.
 */

import {
  ALLOWED,
  type Conversation,
  type Directory,
  type PracticeSettings,
  refused,
  type UserId,
  type Verdict,
} from "../model.ts";
import { type Someone, whoIs } from "../names/names.ts";
import { belongsTo, oughtToHavePeople, standsIn } from "../rooms/expected-members.ts";
import * as words from "../words.ts";
import type { CallbackRoom } from "./callback-room.ts";
import { maySpeak } from "./may-speak.ts";

export function mayJoin(
  directory: Directory,
  settings: PracticeSettings,
  { user, room }: { readonly user: UserId; readonly room: CallbackRoom },
): Verdict {
  if (room.room === "closed") return refused(words.conversationClosed);
  const someone = whoIs(settings, user, directory);
  if (room.room === "managed" && someone.is !== "bot")
    return isExpected(room.conversation, directory, someone);
  return someone.is === "group" ? ALLOWED : maySpeak(directory, someone);
}

/**
 * Does the account belong in the conversation's room? Someone who lost AccessWhisper still does: only Whisper acts as
 * them.
 */
export function isExpected(conversation: Conversation, directory: Directory, someone: Someone): Verdict {
  if (!oughtToHavePeople(conversation, directory)) return refused(words.conversationClosed);
  if (someone.is === "person" && belongsTo(conversation, directory, someone.username)) return ALLOWED;
  if (someone.is === "group" && standsIn(conversation, directory, someone.target)) return ALLOWED;
  return refused(someone.is === "stranger" ? words.outsider : words.youAreNotMember);
}
