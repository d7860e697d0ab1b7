import { lockDirectory } from "../../directory/store.ts";
import type { EventHandler, MatrixEvent } from "../../messages/event.ts";
import * as words from "../../messages/words.ts";
import { botIsToCome, isJoined, lockRoom } from "../../mirror/members.ts";
import {
  type Edit,
  editGroup,
  mayEditGroup,
  mayRename,
  withGroup,
  withoutMember,
} from "../../policy/conversations/editing.ts";
import type {
  Conversation,
  CustomGroup,
  Directory,
  PracticeSettings,
  UserId,
  Username,
} from "../../policy/model.ts";
import { whoIs } from "../../policy/names/names.ts";
import { describePath, groupName, membershipPaths } from "../../policy/people/members.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import { entryOf } from "../../policy/people/selection.ts";
import { conversationName } from "../../policy/rooms/expected-room.ts";
import * as rules from "../../policy/words.ts";
import type { Transaction } from "../../store/database.ts";
import { sendToControlRoom } from "../record/control-room.ts";
import type { ConversationDependencies } from "../record/dependencies.ts";
import { conversationOfRoom } from "../record/store.ts";
import { changeGroup } from "./change-group.ts";
import { type EditedPart, editedSince, NAME, partsOf, rememberEdits } from "./edit-times.ts";
import { rememberLeave } from "./leaves.ts";
import { type NativeEdit, nativeEdit } from "./native-edit.ts";

export interface CustomGroupEventDependencies extends Omit<ConversationDependencies, "now"> {
  /** Is the account deactivated at the homeserver now? */
  readonly isDeactivated: (user: UserId) => Promise<boolean>;
}

/**
 * Custom groups edited in any client with its own controls (docs/matrix-mapping.md#editing-a-custom-group). What a
 * client did in the room is written to the group's record, and the room then follows the record. An act that is not
 * allowed, or is older than a newer one, is not written, and so is undone in the room.
 *
 * Runs before the handlers that queue jobs: a change of a group locks the directory first and queues jobs afterwards.
 */
export function customGroupEvents({
  directory: snapshot,
  settings,
  isDeactivated,
}: CustomGroupEventDependencies): EventHandler {
  return {
    name: "custom groups",
    handle: async (tx, event) => {
      const edit = nativeEdit(event, settings.bot);
      if (edit === null) return;
      // While a room is being adopted, this event is either part of what it is made from, or an edit of what it has
      // become.
      await lockRoom(tx, event.room_id, "share");
      const stored = await conversationOfRoom(tx, event.room_id);
      if (stored?.conversation.kind !== "custom") return;
      // Synapse makes a deactivated account leave its rooms as itself. Who is in a group is HealthTrack's business.
      if (edit.edit === "leave" && (await isDeactivated(event.sender))) return;
      await lockDirectory(tx);
      const directory = await snapshot.within(tx);
      const group = directory.customGroups.get(stored.conversation.id);
      const sender = whoIs(settings, event.sender, directory);
      if (group === undefined || sender.is !== "person") return;
      const context = { settings, tx, event, directory, group, editor: sender.username };
      if (edit.edit === "leave") {
        const { bot } = settings;
        if ((await isJoined(tx, event.room_id, bot)) || (await botIsToCome(tx, event.room_id, bot)))
          await leave(context);
      } else if (edit.edit === "rename") await rename(context, edit.name, stored.conversation);
      else await changeMembers(context, edit);
    },
  };
}

interface Context {
  readonly settings: PracticeSettings;
  readonly tx: Transaction;
  readonly event: MatrixEvent;
  readonly directory: Directory;
  readonly group: CustomGroup;
  readonly editor: Username;
}

async function rename(context: Context, name: string | null, conversation: Conversation): Promise<void> {
  const { settings, tx, directory, group } = context;
  if (await isLate(context, NAME)) return;
  const verdict = mayRename(directory, settings.customGroupsEditedBy, group, context.editor, name);
  // It was not written, so the room gets back its previous name.
  if (!verdict.allowed) return explain(context, "refused", verdict.reason);
  await remember(context, [NAME]);
  // A group named after its members is still named after them if it is given that very name.
  if (group.name === null && name === conversationName(conversation, directory)) return;
  await changeGroup(tx, settings, directory, group, { name });
}

async function changeMembers(
  context: Context,
  { edit, who }: Extract<NativeEdit, { edit: "add" | "remove" }>,
): Promise<void> {
  const { settings, tx, directory, group } = context;
  const entry = entryOf(settings, directory, who);
  if (entry === null) return;
  const [part] = partsOf(entry);
  if (part === undefined || (await isLate(context, part))) return;
  if (!(await mayEdit(context))) return;
  const change: Edit = edit === "add" ? { add: entry } : { remove: entry };
  const result = editGroup(directory, group, change, context.editor);
  if (!result.ok) return explain(context, "refused", result.reason);
  await remember(context, [part]);
  await changeGroup(tx, settings, directory, group, { selection: result.selection });
  for (const { username, reason } of result.staying) await explain(context, `stays:${username}`, reason);
}

/**
 * Leaving cannot be refused and ends direct membership. Someone who is a member through a group is put back and told
 * why.
 */
async function leave(context: Context): Promise<void> {
  const { settings, tx, directory, group, editor } = context;
  const part: EditedPart = { kind: "user", member: editor };
  if (await isLate(context, part)) return;
  await remember(context, [part]);
  const selection = withoutMember(group, editor);
  if (await changeGroup(tx, settings, directory, group, { selection }))
    await rememberLeave(tx, group.id, editor, context.event.origin_server_ts);
  const after = withGroup(directory, { ...group, ...selection });
  const paths = membershipPaths(after, group.id, editor);
  if (paths.length === 0) return;
  const ways = rules.listOfNames(paths.map((path) => describePath(after, path)));
  await explain(context, "stays", words.youStay(groupName(after, group.id), ways));
}

const isLate = ({ tx, group, event }: Context, part: EditedPart): Promise<boolean> =>
  editedSince(tx, group.id, part, event.origin_server_ts);

const remember = ({ tx, group, event }: Context, parts: readonly EditedPart[]): Promise<void> =>
  rememberEdits(tx, group.id, parts, event.origin_server_ts);

async function mayEdit(context: Context): Promise<boolean> {
  const { settings, directory, group, editor } = context;
  const verdict = mayEditGroup(directory, settings.customGroupsEditedBy, group, editor);
  if (!verdict.allowed) await explain(context, "refused", verdict.reason);
  return verdict.allowed;
}

/** Tells the editor the outcome of their act, once per event. */
async function explain(
  { tx, event, directory, editor }: Context,
  what: string,
  reason: string,
): Promise<void> {
  if (!hasAccess(directory, editor)) return;
  await sendToControlRoom(tx, editor, `edit:${event.event_id}:${what}`, reason);
}
