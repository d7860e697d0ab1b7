/** Every sentence that the rules say to people: plain, short, no ids or codes, and what to do next. */

import { sentence, title } from "../base/shown-name.ts";
import type { ReplaceReason } from "./model.ts";

// Names in HealthTrack that cannot become accounts: for the person who runs the import.
export const usernameBlank = "A username may not be empty, nor begin or end with a space.";
export const usernameMalformed = "The name holds characters that are not valid text.";
export const usernameReserved = (start: string) =>
  sentence`Usernames may not begin with "${start}": it is kept for groups.`;
export const usernameIsBot = "This username is taken by Whisper itself. Choose another one.";
export const nameTooLong = "The name is too long for an account. Shorten it.";
export const groupIdBlank = "The id of a group may not be empty, nor begin or end with a space.";

// Names
export const groupHandleName = (name: string) => title`${name} (group)`;
export const customGroupHandleName = (name: string) => title`${name} (custom group)`;
export const groupOfPeople = (count: number) =>
  count === 1 ? "a group of one person" : sentence`a group of ${count} people`;
export const emptyGroup = "Empty group";
export const unknownPerson = "Someone who no longer works here";
export const others = (count: number) => (count === 1 ? "1 other" : sentence`${count} others`);

/** `Anna`, `Anna and Ben`, `Anna, Ben and Cara` */
export function listOfNames(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : title`${names.slice(0, -1)} and ${last}`;
}

// Rooms
export const whisper = "Whisper";
export const alertsName = "Alerts";
export const alertsTopic = (practice: string) =>
  sentence`Alerts for everyone at ${practice}. Only Whisper writes here.`;
export const arrivalsName = "Patient arrivals";
export const arrivalsTopic = "Your patients who have arrived. ✅ when you have seen it, ↩️ to reply.";
export const groupTopic = (name: string) => sentence`Everyone in ${name}. Members are set in HealthTrack.`;
export const controlTopic = "Write help to see what I can do for you.";
export const adminName = "Whisper admin";
export const adminTopic = "Commands and reports for those who look after Whisper.";

// How someone is a member
export const addedDirectly = "added directly";
export const throughGroup = (group: string) => sentence`through ${group}`;
export const insideGroup = (group: string) => sentence`in ${group}`;

// Individual conversations
export const toYourself = "You cannot write to yourself. Choose someone else.";
export const neverReceives = (name: string) =>
  sentence`${name} has chosen not to receive direct messages. Write in a group that you share, or phone.`;
export const personLeft = (name: string) => sentence`${name} no longer works here. Write to someone else.`;
export const personWithoutAccess = (name: string) =>
  sentence`${name} does not use Whisper at the moment. Phone them, or write to someone else.`;
export const youLeft = "Your HealthTrack account is not active. Ask your practice's administrator.";
export const youHaveNoAccess = "You do not have access to Whisper. Ask your practice's administrator for it.";

// Opening and changing conversations
export const nobodyChosen = "Choose at least one person or group.";
export const noSuchPerson = "One of the people is not in the staff list. Search for them again.";
export const noSuchGroup = "One of the groups no longer exists. Search for it again.";
export const notInGroup = (group: string) =>
  sentence`You are not in ${group}, so you cannot open its conversation. Write to one of its people, or choose the group and someone else.`;
export const tooManyChosen = (most: number) =>
  sentence`Choose at most ${most} people and groups. For more people, add a security group.`;
export const groupInItself = (group: string) =>
  sentence`${group} already contains this group, so it cannot be added to it.`;
export const editOnlyCreator = (name: string) => sentence`Only ${name} may change this group. Ask them.`;
export const editOnlyAdmins = "Only Whisper's administrators may change this group. Ask one of them.";
export const editOnlyMembers = "Only members may change this group. Ask one of them to add you.";
export const staysMember = (name: string, ways: string) =>
  sentence`${name} is still a member ${ways}. To remove them, remove that group.`;
export const nameTaken =
  "A group cannot be called that: it would be taken for a person, a group or a room of Whisper's. Choose another name.";
export const nameMissing = "Say what to call the group.";
export const wouldBeEmpty = "A group needs at least one person. Leave it instead if you no longer need it.";
export const outsider = "Only people of this practice can take part. Choose someone from the staff list.";
export const inviteInstead = "Invite people by name: a new conversation cannot begin with members.";
export const notByEmail =
  "You can't invite people by email or phone number here. Search for the person by name.";
export const spaces = "Spaces are not used here. Choose the people and start a conversation instead.";
export const publicRooms = "Conversations here are never public. Choose the people and start one instead.";

const elsewhere = "It continues in another room, which is in your list.";
/** Why the room that someone made for a conversation is not the one it has now. */
export function goesOnElsewhere(reason: ReplaceReason): string {
  switch (reason) {
    case "encrypted":
      return sentence`The conversation that you started was encrypted. The practice keeps a record of its conversations, so encryption stays off. ${elsewhere}`;
    case "version":
      return sentence`The conversation that you started used a kind of room that Whisper cannot look after. ${elsewhere}`;
    default:
      return sentence`Whisper could not take charge of the room in which you started a conversation. ${elsewhere}`;
  }
}

// Why someone was removed from a room
export const goesOnInChatWith = (name: string) => sentence`Goes on in your chat with ${name}.`;
export const goesOnInRoom = (name: string) => sentence`Goes on in ${name}.`;

// What may not be done in a room
export const youAreNotMember = "You are no longer in this conversation. Ask a member to add you.";
export const conversationClosed = "This conversation is closed. Start a new one.";
export const stillOpening = "This conversation is still being set up. Send it again in a moment.";
export const justChanging =
  "People are joining or leaving this conversation right now. Send it again in a moment.";
export const alertsReadOnly = "Only Whisper writes here. Start a conversation to reply to someone.";
export const pairOnly = "This conversation is for two. Start a new one with everyone you need.";
export const groupFromHealthTrack =
  "Members of this group are set in HealthTrack. Ask your administrator, or start a custom group.";
export const nobodyJoinsHere = "Nobody can be added here. Start a new conversation instead.";
export const noEncryption = "The practice keeps a record of its conversations, so encryption stays off.";
export const settingsKept =
  "Whisper looks after the settings of this conversation, so they stay as they are.";
export const stateStays =
  "This belongs to the conversation itself, so it cannot be deleted. You can change the name or picture instead.";
export const nameKept = "The name of this conversation is set by Whisper.";
export const groupsDoNotAct = "A group cannot sign in or write. Use your own account.";
export const botDoesNotSignIn = "Whisper's own account cannot sign in.";

// Findings of the room-state audit: for those who look after Whisper, so they do name accounts.
export const nothingThere = "none";
export const aRoom = "a room";
export const ofConversation = "every room belongs to a conversation";
export const unknownRoomWith = (people: number) =>
  people === 1
    ? "a room that Whisper does not know, with one person"
    : sentence`a room that Whisper does not know, with ${people} people`;
export const notInRoom = (user: string) => sentence`${user} is not in the room`;
export const inRoom = (user: string) => sentence`${user} is in the room`;
export const isIn = (membership: "join" | "invite" | "leave" | "ban" | "knock" | null): string => {
  const said = {
    join: "in the room",
    invite: "invited",
    leave: "has left",
    ban: "banned",
    knock: "asks to join",
  };
  return membership === null ? "never joined" : said[membership];
};
export const accountWorks = (user: string) => sentence`${user} can sign in and be read`;
export const blockedBecause = {
  deactivated:
    "deactivated in Synapse. Reactivate the account there, or end the person's access in HealthTrack",
  locked:
    "locked in Synapse, and not by Whisper. Unlock the account there, or end the person's access in HealthTrack",
  suspended:
    "suspended in Synapse, so they can read but not write. Lift the suspension there, or end the person's access in HealthTrack",
  "shadow-banned":
    "shadow-banned in Synapse, so nobody sees what they write. Lift the ban there, or end the person's access in HealthTrack",
};
export const leftAndForgotten = (user: string) => sentence`${user} has left and can read nothing`;
export const notForgotten = "can still read what was written";
export const listedAsDirect = (user: string) => sentence`a direct chat of ${user}`;
export const notListed = "not listed";
export const notEncrypted = "not encrypted";
export const roomOpen = "open";
export const ourAccount = "made by Whisper or by a person of the practice";
export const botJoined = "Whisper is in the room";
export const botAlone = (level: number) => sentence`Whisper has level ${level}, and nobody else`;
