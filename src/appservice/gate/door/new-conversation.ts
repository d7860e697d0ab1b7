import { openDecided } from "../../../conversations/open.ts";
import { sendToControlRoom } from "../../../conversations/record/control-room.ts";
import type { ConversationDependencies } from "../../../conversations/record/dependencies.ts";
import { controlConversation } from "../../../conversations/record/keys.ts";
import { checkRoomPromptly } from "../../../conversations/record/queue-checks.ts";
import { ensureConversation } from "../../../conversations/record/store.ts";
import { type AskedRoom, whatIsAskedFor } from "../../../policy/conversations/asked-room.ts";
import type { ConversationId, RoomId, UserId, Username } from "../../../policy/model.ts";
import * as words from "../../../policy/words.ts";
import type { Transaction } from "../../../store/database.ts";
import { everybodyIn, type ReaderDependencies } from "../../rooms/everybody-in.ts";

/** The outcome for a room that a client asks for. */
export type NewConversation =
  /** The conversation's own room; everyone the first message is for is in it. */
  | { readonly is: "open"; readonly room: RoomId }
  | { readonly is: "refused"; readonly reason: string }
  /** Only its maker is in it: the homeserver makes it, and inviting someone decides what it becomes. */
  | { readonly is: "unfinished" }
  /** It was not ready in time. The same request will find it. */
  | { readonly is: "late" };

export type NewConversations = (
  asked: AskedRoom,
  maker: UserId,
  signal: AbortSignal,
) => Promise<NewConversation>;

/**
 * Opens the conversation that a client asks for, before there is a room: the existing one, or a new one, as the API
 * does. So no room is made that would have to be abandoned (docs/decisions/front-door.md).
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
  const alone = [...asked.chosen].length === 0;
  const made = whatIsAskedFor(await dependencies.directory.within(tx), dependencies.settings, asked);
  switch (made.is) {
    case "unfinished":
      // What a room with only its maker in it becomes is decided when someone is invited.
      if (alone) return { is: "unfinished" };
      await sayAgain(tx, made.asker, words.toYourself);
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

/** Clients and people try again: the same sentence is said at most once a minute. */
const ONCE_IN = 60_000;

/** Some clients do not show why a chat could not be started, so Whisper also says it in its own chat. */
const sayAgain = (tx: Transaction, asker: Username, reason: string): Promise<void> =>
  sendToControlRoom(tx, asker, `refused-chat:${asker}:${Math.floor(Date.now() / ONCE_IN)}:${reason}`, reason);
