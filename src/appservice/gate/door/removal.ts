import { editConversation } from "../../../conversations/groups/edit.ts";
import type { ConversationDependencies } from "../../../conversations/record/dependencies.ts";
import { sentenceOf } from "../../../conversations/record/refusal.ts";
import type { ConversationId, Directory, RoomId, Selection, UserId } from "../../../policy/model.ts";
import { whoIs } from "../../../policy/names/names.ts";
import { EMPTY_SELECTION } from "../../../policy/people/selection.ts";
import * as words from "../../../policy/words.ts";
import type { CallbackRooms } from "../../callbacks/callback-rooms.ts";
import { type ReaderDependencies, whenOut } from "../../rooms/everybody-in.ts";

/** What becomes of a removal that Synapse has refused. */
export type Removal =
  | { readonly is: "done" }
  | { readonly is: "refused"; readonly reason: string }
  /** It is none that the rules would allow: what Synapse said stands. */
  | { readonly is: "nothing" };

export type Removals = (room: RoomId, by: UserId, whom: UserId, signal: AbortSignal) => Promise<Removal>;

/**
 * Takes somebody, or a group, out of a custom group for an editor whose level is not above theirs: in Matrix nobody can
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
    const piece = pieceOf(dependencies, people, id, whom);
    if (editor.is !== "person" || piece === null) return { is: "nothing" };
    const edited = await dependencies.database.transaction((tx) =>
      editConversation(dependencies, tx, id, {
        as: editor.username,
        add: EMPTY_SELECTION,
        remove: { ...EMPTY_SELECTION, ...piece },
      }),
    );
    if ("refused" in edited) return { is: "refused", reason: sentenceOf(edited, words.conversationClosed) };
    const [stays] = edited.staying;
    if (stays !== undefined) return { is: "refused", reason: stays.reason };
    await whenOut(dependencies, id, room, whom, signal);
    return { is: "done" };
  };

/** What the account stands for in the group; null: nothing of it. */
function pieceOf(
  { settings }: ConversationDependencies,
  directory: Directory,
  id: ConversationId,
  whom: UserId,
): Partial<Selection> | null {
  const group = directory.customGroups.get(id);
  const someone = whoIs(settings, whom, directory);
  if (group === undefined) return null;
  if (someone.is === "person") return { users: [someone.username] };
  if (someone.is !== "group") return null;
  return "securityGroup" in someone.target
    ? { securityGroups: [someone.target.securityGroup] }
    : { customGroups: [someone.target.customGroup] };
}
