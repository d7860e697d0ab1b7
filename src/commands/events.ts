import { nearest } from "../base/nearest.ts";
import { conversationOfRoom, type StoredConversation } from "../conversations/record/store.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { enqueueSends, type Send } from "../messages/outbox.ts";
import { IN_THREAD, relationOf } from "../messages/relation.ts";
import { noticeMessage, plain, type Rich } from "../messages/rich.ts";
import { expectsAnswer } from "../messages/said.ts";
import * as words from "../messages/words.ts";
import { readDirectives } from "../policy/directives/read-directives.ts";
import type { Directory, PracticeSettings, UserId, Username } from "../policy/model.ts";
import { displayNameOf, usernameOf } from "../policy/names/names.ts";
import { isWhisperAdmin } from "../policy/people/permissions.ts";
import type { Transaction } from "../store/database.ts";
import { argumentsOf, type Command, isCalled, usageLine } from "./command.ts";
import { commandsIn } from "./commands.ts";
import { answerQuestion, isQuestion } from "./question.ts";
import { commandText, LONGEST_COMMAND, TOO_LONG } from "./text.ts";
import { nameText, type Token, tokensOf } from "./tokens.ts";

export interface CommandEventDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly commands: readonly Command[];
}

/**
 * What people write to Whisper: commands in their control room and in the admin room, and `?` alone in a conversation.
 * Each is answered once: the answer's ref comes from the event.
 */
export function commandEvents(dependencies: CommandEventDependencies): EventHandler {
  const commands = {
    control: commandsIn(dependencies.commands, "control"),
    admin: commandsIn(dependencies.commands, "admin"),
  };
  return {
    name: "commands",
    handle: async (tx, event) => {
      if (event.sender === dependencies.settings.bot || !expectsAnswer(event)) return;
      const stored = await conversationOfRoom(tx, event.room_id);
      if (stored === null || !isForUs(stored, event)) return;
      const directory = await dependencies.directory.within(tx);
      const username = usernameOf(dependencies.settings, event.sender, directory);
      if (username === null) return;
      const { conversation } = stored;
      switch (conversation.kind) {
        case "control": {
          if (conversation.user !== username) return;
          const asked = {
            tx,
            directory,
            username,
            commands: commands.control,
            event,
            among: "alone",
          } as const;
          return reply(stored, asked, await answerTo(dependencies.settings, asked));
        }
        case "admin": {
          if (!isWhisperAdmin(directory, username)) return;
          const asked = {
            tx,
            directory,
            username,
            commands: commands.admin,
            event,
            among: "others",
          } as const;
          return reply(stored, asked, await answerTo(dependencies.settings, asked));
        }
        default:
          return answerQuestion(tx, directory, username, stored, event);
      }
    },
  };
}

/** Checked before the directory is read, since it is asked about every message. */
const isForUs = ({ conversation: { kind } }: StoredConversation, event: MatrixEvent): boolean =>
  kind === "control" || kind === "admin" || isQuestion(event);

interface Asked {
  readonly tx: Transaction;
  readonly directory: Directory;
  readonly username: Username;
  readonly commands: readonly Command[];
  readonly event: MatrixEvent;
  /** Who reads it: in the admin room people also talk with each other. */
  readonly among: "alone" | "others";
}

/** Null: there is nothing to answer. */
async function answerTo(
  settings: PracticeSettings,
  { tx, directory, username, commands, event, among }: Asked,
): Promise<Rich | null> {
  const { msgtype } = event.content;
  // Messages from other programs get no answer, since those might answer back.
  if (msgtype === "m.notice") return null;
  const text = commandText(event.content, (id) => namesOf(settings, directory, id));
  if (text === null) return among === "others" ? null : plain(words.textOnly);
  if (relationOf(event)?.kind === "edit") return plain(words.notAgain);
  if (text === TOO_LONG) return plain(words.tooLong(LONGEST_COMMAND));
  const [first, ...rest] = withoutSalutation(tokensOf(text), settings.bot);
  if (first === undefined) return null;
  // Directives belong in a message to someone. Whisper itself has nobody to send it to.
  const [directive] = readDirectives(text);
  if (directive?.start === 0) return plain(words.notHere(directive.is === "sms" ? "#sms" : "#patient"));
  const word = (nameText(first) ?? "").toLowerCase().replace(/^[!/]|:$/g, "");
  const command = commands.find((each) => isCalled(each, word === "?" ? "help" : word));
  if (command === undefined) return plain(unknownCommand(word, commands));
  const given = argumentsOf(command.parameters, rest);
  if (given === null) return plain(usageLine(command));
  return command.run({ tx, asker: { directory, settings, username }, given, typed: rest, event });
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
  { conversation }: StoredConversation,
  { tx, event, among }: Asked,
  answer: Rich | null,
): Promise<void> {
  if (answer === null) return;
  await enqueueSends(tx, [
    {
      ref: `command:${event.event_id}`,
      conversation: conversation.id,
      purpose: { is: "answer" },
      type: "m.room.message",
      ...inPlace(event, noticeMessage(answer), among),
    },
  ]);
}

/** An answer goes where it was asked for: in the thread, or under the message that was corrected. */
function inPlace(
  event: MatrixEvent,
  content: Send["content"],
  among: Asked["among"],
): Pick<Send, "content" | "target"> {
  const relation = relationOf(event);
  switch (relation?.kind) {
    case "thread":
      return { content: { ...content, ...IN_THREAD }, target: { event: relation.root } };
    case "edit":
      return { content, target: { event: relation.of } };
    default:
      // Among several people, the answer has to show whom it is for.
      return among === "others" ? { content, target: { event: event.event_id } } : { content };
  }
}
