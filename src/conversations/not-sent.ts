import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { GivenUpHandlers, GivenUpSend } from "../messages/given-up.ts";
import * as words from "../messages/words.ts";
import type { Conversation, Directory, PracticeSettings } from "../policy/model.ts";
import { usernameOf } from "../policy/names/names.ts";
import type { Transaction } from "../store/database.ts";
import { titleOf } from "./list/list.ts";
import { sendToAdminRoom } from "./record/admin-room.ts";
import { sendToControlRoom } from "./record/control-room.ts";
import { conversationById } from "./record/store.ts";

/** What it means that Whisper's own words, or a person's that it repeats, could not be sent. */
export function wordsNotSent(
  directories: DirectorySnapshot,
  settings: PracticeSettings,
): Pick<GivenUpHandlers, "sentence" | "answer" | "repetition" | "removal"> {
  const where = async (
    tx: Transaction,
    send: GivenUpSend,
  ): Promise<{ title: string; directory: Directory }> => {
    const directory = await directories.within(tx);
    const stored = await conversationById(tx, send.conversation);
    return {
      directory,
      title: stored === null ? words.roomWithoutName : nameOf(stored.conversation, directory),
    };
  };
  return {
    sentence: async (tx, send) => {
      const { title } = await where(tx, send);
      const text = words.sentenceNotSent(title, String(send.content.body ?? ""));
      await sendToAdminRoom(tx, `not-sent:${send.ref}`, text);
      return "may be retried";
    },
    // The answer is not quoted: it belongs to that person.
    answer: async (tx, send) => {
      const { title } = await where(tx, send);
      await sendToAdminRoom(tx, `not-sent:${send.ref}`, words.answerNotSent(title));
      return "may be retried";
    },
    removal: async (tx, send) => {
      const { title } = await where(tx, send);
      await sendToAdminRoom(tx, `not-sent:${send.ref}`, words.removalNotSent(title));
      return "may be retried";
    },
    repetition: async (tx, send) => {
      const { title, directory } = await where(tx, send);
      const sender = send.as === null ? null : usernameOf(settings, send.as, directory);
      if (sender === null || !directory.users.has(sender)) return "may be retried";
      await sendToControlRoom(tx, sender, `not-sent:${send.ref}`, words.repetitionNotSent(title));
      return "settled";
    },
  };
}

function nameOf(conversation: Conversation, directory: Directory): string {
  const title = titleOf(conversation, directory, null);
  if (conversation.kind !== "control" && conversation.kind !== "arrivals") return title;
  return words.roomOfPerson(title, directory.users.get(conversation.user)?.name ?? conversation.user);
}
