import { openDecided } from "../../../conversations/open.ts";
import { checkRoomPromptly } from "../../../conversations/record/affected.ts";
import type { ConversationDependencies } from "../../../conversations/record/dependencies.ts";
import { controlConversation } from "../../../conversations/record/keys.ts";
import { ensureConversation } from "../../../conversations/record/store.ts";
import { tell } from "../../../conversations/record/tell.ts";
import { type AskedRoom, whatIsAskedFor } from "../../../policy/conversations/asked-room.ts";
import type { ConversationId, RoomId, UserId, Username } from "../../../policy/model.ts";
import * as words from "../../../policy/words.ts";
import type { Transaction } from "../../../store/database.ts";
import { everybodyIn, type ReaderDependencies } from "../../rooms/everybody-in.ts";

/** What becomes of a room that a client asks for. */
export type NewConversation =
  /** The conversation's own room, in which all are whom the first message is for. */
  | { readonly is: "open"; readonly room: RoomId }
  | { readonly is: "refused"; readonly reason: string }
  /** Nobody is in it but its maker: the homeserver makes it, and what it becomes is seen when somebody is invited. */
  | { readonly is: "unfinished" }
  /** It was not ready in time. The same request finds it. */
  | { readonly is: "late" };

export type NewConversations = (
  asked: AskedRoom,
  maker: UserId,
  signal: AbortSignal,
) => Promise<NewConversation>;

/**
 * Opens the conversation that a client asks for, before there is a room: the one that there is, or a new one, as the API
 * does. So no room is ever made that has to be given up again (docs/decisions/front-door.md).
 */
export const newConversations =
  (dependencies: ReaderDependencies & ConversationDependencies): NewConversations =>
  async (asked, maker, signal) => {
    const decided = await dependencies.database.transaction((tx) => decide(dependencies, tx, asked, maker));
    if (typeof decided !== "string") return decided;
    const room = await everybodyIn(dependencies, decided, maker, signal);
    return room === null ? { is: "late" } : { is: "open", room };
  };

/** @returns the conversation, which is being opened. */
async function decide(
  dependencies: ConversationDependencies,
  tx: Transaction,
  asked: AskedRoom,
  maker: UserId,
): Promise<ConversationId | NewConversation> {
  const others = [...asked.chosen];
  // What becomes of a room that its maker is alone in is seen when somebody is invited.
  if (others.length === 0) return { is: "unfinished" };
  const made = whatIsAskedFor(await dependencies.directory.within(tx), dependencies.settings, asked);
  switch (made.is) {
    case "unfinished":
      return { is: "refused", reason: words.toYourself };
    case "refused":
      if (made.asker !== null) await sayAgain(tx, made.asker, made.reason);
      return { is: "refused", reason: made.reason };
    case "control": {
      const { conversation } = await ensureConversation(tx, controlConversation(made.asker));
      await checkRoomPromptly(tx, conversation.id);
      return conversation.id;
    }
    case "opening":
      return (await openDecided(dependencies, tx, made.opening, made.asker, maker)).id;
    default:
      return made satisfies never;
  }
}

/** Clients try again, and people do: the same sentence is said once a minute at most. */
const ONCE_IN = 60_000;

/** Some clients show nobody why a chat could not be begun, so it is said in the chat with Whisper too. */
const sayAgain = (tx: Transaction, asker: Username, reason: string): Promise<void> =>
  tell(tx, asker, `refused-chat:${asker}:${Math.floor(Date.now() / ONCE_IN)}:${reason}`, reason);
