/**
 * The policy callbacks about people and rooms judge the outcome, not who acts: what Whisper does
 * while acting as a user passes because it leads to the expected room.
 */

import { editGroup, mayEditGroup } from "../conversations/editing.ts";
import {
  ALLOWED,
  type Conversation,
  type Directory,
  type PracticeSettings,
  refused,
  type Selection,
  type UserId,
  type Username,
  type Verdict,
} from "../model.ts";
import { notInDirectory, type Someone, usernameOf, whoIs } from "../names/names.ts";
import { reachedAlone } from "../people/individual.ts";
import { hasAccess, isActive } from "../people/permissions.ts";
import { oughtToHavePeople } from "../rooms/expected-members.ts";
import * as words from "../words.ts";
import type { CallbackRoom } from "./callback-room.ts";
import { maySpeak } from "./may-speak.ts";
import { isExpected } from "./user-may-join-room.ts";

export interface Invitation {
  readonly inviter: UserId;
  readonly invitee: UserId;
  readonly room: CallbackRoom;
}

export function mayInvite(directory: Directory, settings: PracticeSettings, invitation: Invitation): Verdict {
  const { room } = invitation;
  if (room.room === "closed") return refused(words.conversationClosed);
  const inviter = whoIs(settings, invitation.inviter, directory);
  const invitee = whoIs(settings, invitation.invitee, directory);
  if (invitee.is === "bot") return ALLOWED;
  if (invitee.is === "stranger") return refused(words.outsider);
  if (invitee.is === "departed") return refused(notInDirectory(settings, invitation.invitee));
  if (room.room !== "managed") return mayStartWith(directory, settings, room, inviter, invitee);
  if (isExpected(room.conversation, directory, invitee).allowed) return ALLOWED;
  if (!oughtToHavePeople(room.conversation, directory)) return refused(words.conversationClosed);
  return mayAdd(directory, settings, room.conversation, inviter, invitee);
}

type Invitable = Extract<Someone, { readonly is: "person" | "group" }>;

/**
 * An invitation shows the room's name, its topic and who invites. Someone who never receives is invited only if a third
 * person of the practice is already in the room: others whom the client names or invites may never join. Clients that
 * invite several people at once ask the front door for the conversation (conversations/asked-room.ts).
 */
function mayStartWith(
  directory: Directory,
  settings: PracticeSettings,
  room: CallbackRoom,
  inviter: Someone,
  invitee: Invitable,
): Verdict {
  const may = maySpeak(directory, inviter);
  if (!may.allowed || invitee.is === "group") return may;
  if (inviter.is === "person") {
    const people = new Set([...joinedPeople(directory, settings, room), invitee.username]);
    const reached = reachedAlone(directory, people, inviter.username);
    if (reached !== null) return refused(words.neverReceives(personName(directory, reached)));
  }
  return mayTakePart(directory, invitee.username);
}

function joinedPeople(directory: Directory, settings: PracticeSettings, room: CallbackRoom): Username[] {
  if (room.room !== "user-made") return [];
  return room.joined.flatMap((id) => usernameOf(settings, id, directory) ?? []);
}

const personName = (directory: Directory, username: Username): string =>
  directory.users.get(username)?.name ?? words.unknownPerson;

function mayTakePart(directory: Directory, username: Username): Verdict {
  const name = personName(directory, username);
  if (!isActive(directory, username)) return refused(words.personLeft(name));
  return hasAccess(directory, username) ? ALLOWED : refused(words.personWithoutAccess(name));
}

/** Inviting someone into a managed room they do not belong to. In a custom group that is an edit. */
function mayAdd(
  directory: Directory,
  settings: PracticeSettings,
  conversation: Conversation,
  inviter: Someone,
  invitee: Invitable,
): Verdict {
  switch (conversation.kind) {
    case "individual":
      return refused(words.pairOnly);
    case "group":
      return refused(words.groupFromHealthTrack);
    case "alerts":
    case "arrivals":
    case "control":
    case "admin":
      return refused(words.nobodyJoinsHere);
    case "custom": {
      const group = directory.customGroups.get(conversation.id);
      if (group === undefined) return refused(words.conversationClosed);
      const may = maySpeak(directory, inviter);
      if (!may.allowed) return may;
      // The bot invites only people who already belong to the room.
      if (inviter.is !== "person") return refused(words.nobodyJoinsHere);
      const edit = mayEditGroup(directory, settings.customGroupsEditedBy, group, inviter.username);
      if (!edit.allowed) return edit;
      const edited = editGroup(directory, group, { add: addedBy(invitee) }, inviter.username);
      return edited.ok ? ALLOWED : refused(edited.reason);
    }
  }
}

function addedBy(invitee: Invitable): Partial<Selection> {
  if (invitee.is === "person") return { users: [invitee.username] };
  return "securityGroup" in invitee.target
    ? { securityGroups: [invitee.target.securityGroup] }
    : { customGroups: [invitee.target.customGroup] };
}
