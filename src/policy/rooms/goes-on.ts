/** Where a conversation continues after its room is closed, for the people who are removed from that room. */

import type { Conversation, Directory, PracticeSettings, UserId } from "../model.ts";
import { usernameOf } from "../names/names.ts";
import { otherOf } from "../people/individual.ts";
import * as words from "../words.ts";
import { conversationName } from "./expected-room.ts";

export function goesOnIn(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
  user: UserId,
): string {
  switch (conversation.kind) {
    case "individual": {
      const username = usernameOf(settings, user, directory);
      const other =
        username !== null && conversation.pair.includes(username)
          ? otherOf(conversation.pair, username)
          : null;
      const name = other === null ? undefined : directory.users.get(other)?.name;
      return words.goesOnInChatWith(name ?? words.unknownPerson);
    }
    case "control":
      return words.goesOnInChatWith(words.whisper);
    default:
      return words.goesOnInRoom(conversationName(conversation, directory) ?? words.emptyGroup);
  }
}
