import { nearest } from "../base/nearest.ts";
import { sendToControlRoom } from "../conversations/record/control-room.ts";
import { conversationOfRoom, type StoredConversation } from "../conversations/record/store.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { enqueueSends } from "../messages/outbox.ts";
import { relationOf } from "../messages/relation.ts";
import { noticeMessage, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Directory, PracticeSettings, UserId, Username } from "../policy/model.ts";
import { displayNameOf, usernameOf } from "../policy/names/names.ts";
import { otherOf } from "../policy/people/individual.ts";
import { isWhisperAdmin } from "../policy/people/permissions.ts";
import type { Transaction } from "../store/database.ts";
import { argumentsOf, type Command, isCalled, usageLine } from "./command.ts";
import { commandsIn } from "./commands.ts";
import { commandText, LONGEST_COMMAND, TOO_LONG } from "./text.ts";
import { nameText, type Token, tokensOf } from "./tokens.ts";
import { detailsOf } from "./who.ts";

export interface CommandEventDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly commands: readonly Command[];
}

/**
 * What people write to Whisper: commands in their control room and in the admin room, and `?` alone in an individual
 * conversation. Each is answered once: the answer's ref comes from the event.
 */
export function commandEvents(dependencies: CommandEventDependencies): EventHandler {
  const commands = {
    control: commandsIn(dependencies.commands, "control"),
    admin: commandsIn(dependencies.commands, "admin"),
  };
  return {
    name: "commands",
    handle: async (tx, event) => {
      if (event.type !== "m.room.message" || event.state_key !== undefined) return;
      if (event.sender === dependencies.settings.bot || relationOf(event)?.kind === "edit") return;
      const stored = await conversationOfRoom(tx, event.room_id);
      if (stored === null || !isForUs(stored, event)) return;
      const directory = await dependencies.directory.within(tx);
      const username = usernameOf(dependencies.settings, event.sender, directory);
      if (username === null) return;
      const { conversation } = stored;
      switch (conversation.kind) {
        case "individual": {
          const other = directory.users.get(otherOf(conversation.pair, username));
          if (other === undefined || !conversation.pair.includes(username)) return;
          return sendToControlRoom(
            tx,
            username,
            `details:${event.event_id}`,
            noticeMessage(detailsOf(other)),
          );
        }
        case "control": {
          if (conversation.user !== username) return;
          const answer = await answerTo(dependencies, tx, directory, username, commands.control, event);
          return answer === null ? undefined : reply(tx, stored, event, answer, false);
        }
        case "admin": {
          if (!isWhisperAdmin(directory, username)) return;
          const answer = await answerTo(dependencies, tx, directory, username, commands.admin, event);
          return answer === null ? undefined : reply(tx, stored, event, answer, true);
        }
      }
    },
  };
}

/** Checked before the directory is read, since it is asked about every message. */
function isForUs({ conversation: { kind } }: StoredConversation, { content }: MatrixEvent): boolean {
  if (kind === "control" || kind === "admin") return true;
  return kind === "individual" && typeof content.body === "string" && content.body.trim() === "?";
}

async function answerTo(
  { settings }: CommandEventDependencies,
  tx: Transaction,
  directory: Directory,
  username: Username,
  commands: readonly Command[],
  event: MatrixEvent,
): Promise<Rich | null> {
  const text = commandText(event.content, (id) => namesOf(settings, directory, id));
  if (text === null) return null;
  if (text === TOO_LONG) return plain(words.tooLong(LONGEST_COMMAND));
  const [first, ...rest] = withoutSalutation(tokensOf(text), settings.bot);
  if (first === undefined) return null;
  const word = (nameText(first) ?? "").toLowerCase().replace(/^[!/]|:$/g, "");
  const command = commands.find((each) => isCalled(each, word === "?" ? "help" : word));
  if (command === undefined) return plain(unknownCommand(word, commands));
  const given = argumentsOf(command.parameters, rest);
  if (given === null) return plain(usageLine(command));
  return command.run({ tx, asker: { directory, settings, username }, given, event });
}

/** `Whisper: help` */
function withoutSalutation(tokens: readonly Token[], bot: UserId): readonly Token[] {
  const [first, second] = tokens;
  const called =
    (first?.is === "account" && first.id.replace(/:$/, "") === bot) ||
    (first?.is === "word" && /^whisper[:,]?$/i.test(first.text));
  if (!called) return tokens;
  const afterColon = second?.is === "comma" || (second?.is === "word" && second.text === ":");
  return tokens.slice(afterColon ? 2 : 1);
}

const namesOf = (settings: PracticeSettings, directory: Directory, id: UserId): string[] => {
  const username = usernameOf(settings, id, directory);
  const user = username === null ? undefined : directory.users.get(username);
  return user === undefined ? [] : [displayNameOf(user), user.name];
};

function unknownCommand(word: string, commands: readonly Command[]): string {
  const near = nearest(
    word,
    commands.flatMap((command) => [command.name, ...command.words]),
  );
  return words.unknownCommand(
    word,
    commands.find((command) => near !== undefined && isCalled(command, near))?.name,
  );
}

async function reply(
  tx: Transaction,
  { conversation }: StoredConversation,
  event: MatrixEvent,
  answer: Rich,
  quoting: boolean,
): Promise<void> {
  await enqueueSends(tx, [
    {
      ref: `command:${event.event_id}`,
      conversation: conversation.id,
      type: "m.room.message",
      content: noticeMessage(answer),
      // Among several people, the answer has to show whom it is for.
      ...(quoting ? { target: { event: event.event_id } } : {}),
    },
  ]);
}
