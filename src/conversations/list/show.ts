import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Staying } from "../../policy/conversations/editing.ts";
import type {
  Conversation,
  ConversationId,
  ConversationKind,
  Directory,
  RoomId,
  Username,
} from "../../policy/model.ts";
import { groupName, type MembershipPath, membershipPaths } from "../../policy/people/members.ts";
import { peopleOf } from "../../policy/rooms/expected-members.ts";
import * as words from "../../policy/words.ts";
import type { Queryable, Transaction } from "../../store/database.ts";
import { conversationById } from "../record/store.ts";
import { titleOf } from "./list.ts";

export interface PathGroup {
  readonly kind: "security_group" | "custom_group";
  readonly id: string;
  readonly name: string;
}

export interface ShownMember {
  readonly username: Username;
  readonly name: string;
  /** Each path runs from the outermost group to the innermost; an empty one means added directly. */
  readonly paths: readonly (readonly PathGroup[])[];
}

/** Someone the editor removed who stays, why, and the sentence that says so. */
export interface ShownStaying {
  readonly username: Username;
  readonly reason: string;
  readonly paths: readonly (readonly PathGroup[])[];
}

export interface ShownConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly room_id: RoomId | null;
  readonly members: readonly ShownMember[];
}

/** A conversation with its members, by name, and why each of them is one; null: there is no such conversation. */
export async function showConversation(
  snapshot: DirectorySnapshot,
  db: Queryable,
  id: ConversationId,
): Promise<ShownConversation | null> {
  const stored = await conversationById(db, id);
  if (stored === null) return null;
  const { conversation, roomId } = stored;
  const directory = await snapshot.within(db);
  const members = [...peopleOf(conversation, directory)].map((username) => ({
    username,
    name: directory.users.get(username)?.name ?? words.unknownPerson,
    paths: pathsOf(conversation, directory, username),
  }));
  return {
    id,
    kind: conversation.kind,
    name: titleOf(conversation, directory, null),
    room_id: roomId,
    members: members.sort((one, other) => one.name.localeCompare(other.name, "en")),
  };
}

/** Everyone an editor removed who stays, and through which groups, by the names the editor knows. */
export async function showStaying(
  snapshot: DirectorySnapshot,
  tx: Transaction,
  staying: readonly Staying[],
): Promise<ShownStaying[]> {
  const directory = await snapshot.within(tx);
  return staying.map(({ username, reason, paths }) => ({
    username,
    reason,
    paths: paths.map((path) => shownPath(directory, path)),
  }));
}

function pathsOf(conversation: Conversation, directory: Directory, username: Username): PathGroup[][] {
  switch (conversation.kind) {
    case "custom":
      return membershipPaths(directory, conversation.id, username).map((path) => shownPath(directory, path));
    case "group":
      return [shownPath(directory, [{ securityGroup: conversation.securityGroup }])];
    default:
      return [[]];
  }
}

const shownPath = (directory: Directory, path: MembershipPath): PathGroup[] =>
  path.map((target) =>
    "securityGroup" in target
      ? {
          kind: "security_group",
          id: target.securityGroup,
          name: directory.securityGroups.get(target.securityGroup)?.name ?? target.securityGroup,
        }
      : { kind: "custom_group", id: target.customGroup, name: groupName(directory, target.customGroup) },
  );
