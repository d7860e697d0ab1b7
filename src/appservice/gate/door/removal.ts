import { editConversation } from "../../../conversations/groups/edit.ts";
import type { ConversationDependencies } from "../../../conversations/record/dependencies.ts";
import { sentenceOf } from "../../../conversations/record/refusal.ts";
import type { RoomId, UserId } from "../../../policy/model.ts";
import { whoIs } from "../../../policy/names/names.ts";
import { EMPTY_SELECTION, entryOf } from "../../../policy/people/selection.ts";
import * as words from "../../../policy/words.ts";
import type { CallbackRooms } from "../../callbacks/callback-rooms.ts";
import { type ReaderDependencies, whenOut } from "../../rooms/everybody-in.ts";

/** The outcome for a removal that Synapse has refused. */
export type Removal =
  | { readonly is: "done" }
  | { readonly is: "refused"; readonly reason: string }
  /** The rules do not allow it either: Synapse's refusal stands. */
  | { readonly is: "nothing" };

export type Removals = (room: RoomId, by: UserId, whom: UserId, signal: AbortSignal) => Promise<Removal>;

/**
 * Removes someone, or a group, from a custom group for an editor whose level is not above theirs: in Matrix nobody can
 * remove an equal, so Whisper does, by the rules for edits.
 */
export const removals =
  (dependencies: ReaderDependencies & ConversationDependencies, rooms: CallbackRooms): Removals =>
  async (room, by, whom, signal) => {
    const known = await rooms.asked(room);
    if (known.room !== "managed" || known.conversation.kind !== "custom") return { is: "nothing" };
    const { id } = known.conversation;
    const people = await dependencies.directory.fresh();
    const editor = whoIs(dependencies.settings, by, people);
    const entry = people.customGroups.has(id) ? entryOf(dependencies.settings, people, whom) : null;
    if (editor.is !== "person" || entry === null) return { is: "nothing" };
    const edited = await dependencies.database.transaction((tx) =>
      editConversation(dependencies, tx, id, {
        as: editor.username,
        add: EMPTY_SELECTION,
        remove: entry,
      }),
    );
    if ("refused" in edited) return { is: "refused", reason: sentenceOf(edited, words.conversationClosed) };
    const [stays] = edited.staying;
    if (stays !== undefined) return { is: "refused", reason: stays.reason };
    await whenOut(dependencies, id, room, whom, signal);
    return { is: "done" };
  };
