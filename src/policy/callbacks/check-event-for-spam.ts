/**
 * Decides about every event except memberships before it is created. Power levels enforce most of this already; here
 * the sender gets a sentence that says why.
 */

import { mayDecorate, mayRename } from "../conversations/editing.ts";
import {
  ALLOWED,
  type Conversation,
  type Directory,
  type PracticeSettings,
  refused,
  SERVICE_MEMBERS_TYPE,
  type UserId,
  type Username,
  type Verdict,
} from "../model.ts";
import { tidyGroupName } from "../names/group-names.ts";
import { whoIs } from "../names/names.ts";
import { mayWrite, otherOf, reachedAlone } from "../people/individual.ts";
import { peopleIn } from "../people/members.ts";
import { hasAccess } from "../people/permissions.ts";
import { belongsTo, oughtToHavePeople, peopleOf } from "../rooms/expected-members.ts";
import { levelOf, readPowerLevels } from "../rooms/level-meaning.ts";
import { BOT_LEVEL, isEditable, powerLevelsOf } from "../rooms/power-levels.ts";
import * as words from "../words.ts";
import type { CallbackRoom } from "./callback-room.ts";

export interface EventToWrite {
  readonly sender: UserId;
  readonly type: string;
  /** A state event; false: a message, a reaction or a redaction. */
  readonly state: boolean;
  readonly content: Readonly<Record<string, unknown>>;
  readonly room: CallbackRoom;
  /** Nobody has decided yet what becomes of a room that a user made, even after waiting for it. */
  readonly undecided: boolean;
  /** It redacts what the room now is, such as its name, or the sender's own membership. */
  readonly removesState: boolean;
}

/** Events that Whisper sends as the users who made a room, when it adopts the room or leads them elsewhere. */
const TAKING_OVER: readonly string[] = ["m.room.power_levels", "m.room.tombstone", SERVICE_MEMBERS_TYPE];

export function mayWriteEvent(
  directory: Directory,
  settings: PracticeSettings,
  event: EventToWrite,
): Verdict {
  const { room, type } = event;
  if (type === "m.room.encryption" || type === "m.room.encrypted") return refused(words.noEncryption);
  const sender = whoIs(settings, event.sender, directory);
  if (sender.is === "bot") return ALLOWED;
  if (room.room === "closed") return refused(words.conversationClosed);
  // Events pass where Whisper does not know better; the power levels of its rooms apply all the same.
  if (room.room === "unknown" && sender.is === "stranger") return ALLOWED;
  if (sender.is === "stranger") return refused(words.outsider);
  if (room.room === "managed" && type === "m.room.power_levels") {
    return lowersItself(directory, settings, room.conversation, event)
      ? ALLOWED
      : refused(words.settingsKept);
  }
  // Whisper abandons rooms and lowers levels as the users and handles who made them or hold the levels.
  if (room.room !== "managed" && event.state && TAKING_OVER.includes(type)) return ALLOWED;
  if (sender.is === "group") return refused(words.groupsDoNotAct);
  if (sender.is === "departed" || !sender.user.active) return refused(words.youLeft);
  if (!hasAccess(directory, sender.username)) return refused(words.youHaveNoAccess);
  if (room.room !== "managed") {
    const others = room.room === "user-made" ? room.others : [];
    const present = others.filter((other) => other !== event.sender && other !== settings.bot);
    const may = mayWriteTo(directory, settings, sender.username, present);
    if (!may.allowed || event.state || !event.undecided) return may;
    // Alone in a room, someone may write what they like. Anyone else would read it before it is decided.
    return room.room === "user-made" && present.length === 0 ? ALLOWED : refused(words.stillOpening);
  }
  const { conversation } = room;
  if (!oughtToHavePeople(conversation, directory)) return refused(words.conversationClosed);
  if (!belongsTo(conversation, directory, sender.username)) return refused(words.youAreNotMember);
  if (event.removesState) return refused(words.stateStays);
  return event.state
    ? maySet(directory, settings, conversation, sender.username, event)
    : maySay(directory, conversation, sender.username);
}

/**
 * Someone at the bot's level steps down (see `diffRoom`). This is the only change of power levels a user makes in our
 * rooms.
 */
function lowersItself(
  directory: Directory,
  settings: PracticeSettings,
  conversation: Conversation,
  { sender, content }: EventToWrite,
): boolean {
  const ought = powerLevelsOf(conversation, directory, settings);
  const levels = readPowerLevels(content, null);
  return levelOf(levels, sender) <= levelOf(ought, sender) && levelOf(levels, settings.bot) >= BOT_LEVEL;
}

/** A room that is not adopted yet follows the rules for two people, and for groups that amount to two. */
function mayWriteTo(
  directory: Directory,
  settings: PracticeSettings,
  sender: Username,
  present: readonly UserId[],
): Verdict {
  const people = new Set<Username>();
  for (const id of present) {
    const someone = whoIs(settings, id, directory);
    if (someone.is === "person") people.add(someone.username);
    if (someone.is === "group") for (const each of peopleIn(directory, someone.target)) people.add(each);
  }
  const [only] = people;
  if (only !== undefined && people.size === 1 && present.length === 1)
    return only === sender ? ALLOWED : mayWrite(directory, sender, only);
  const reached = reachedAlone(directory, people, sender);
  if (reached === null) return ALLOWED;
  return refused(words.neverReceives(directory.users.get(reached)?.name ?? words.unknownPerson));
}

function maySet(
  directory: Directory,
  settings: PracticeSettings,
  conversation: Conversation,
  sender: Username,
  { type, content }: EventToWrite,
): Verdict {
  const group = conversation.kind === "custom" ? directory.customGroups.get(conversation.id) : undefined;
  if (group !== undefined && isEditable(type)) {
    const { customGroupsEditedBy: editedBy } = settings;
    return type === "m.room.name"
      ? mayRename(directory, editedBy, group, sender, nameIn(content))
      : mayDecorate(directory, editedBy, group, sender);
  }
  return refused(type === "m.room.name" ? words.nameKept : words.settingsKept);
}

const nameIn = ({ name }: EventToWrite["content"]): string | null =>
  typeof name === "string" ? tidyGroupName(name) : null;

/** Reactions, edits and redactions count as writing. */
function maySay(directory: Directory, conversation: Conversation, sender: Username): Verdict {
  switch (conversation.kind) {
    case "alerts":
      return refused(words.alertsReadOnly);
    case "individual":
      return mayWrite(directory, sender, otherOf(conversation.pair, sender));
    case "custom": {
      const reached = reachedAlone(directory, peopleOf(conversation, directory), sender);
      if (reached === null) return ALLOWED;
      return refused(words.neverReceives(directory.users.get(reached)?.name ?? words.unknownPerson));
    }
    case "arrivals":
    case "control":
    case "group":
    case "admin":
      return ALLOWED;
  }
}
