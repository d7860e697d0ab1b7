/**
 * Someone who leaves a room, or is removed, counts as a member until Whisper hears of it. Where that decides whether
 * someone who never receives is reached alone, Whisper asks Synapse who is still there.
 */

import type { ConversationId, Directory, PracticeSettings, Selection, UserId, Username } from "../model.ts";
import { whoIs } from "../names/names.ts";
import { groupsWithin, membersOf, peopleIn, withHolders } from "../people/members.ts";
import { hasAccess } from "../people/permissions.ts";
import type { CallbackRoom } from "./callback-room.ts";

/** With this many readers, two can leave and one is alone. */
const FEW = 3;

/** The most rooms to ask about for one decision. */
const MOST_ROOMS = 10;

/** The act to judge: a message, a state event, or inviting someone (`to`). */
export interface Act {
  readonly by: UserId;
  readonly room: CallbackRoom;
  /** Also read in the groups that contain this one: its name. */
  readonly names?: boolean;
  readonly to?: UserId;
}

/**
 * Could `writer` reach someone who never receives alone once one or two people have left? Stops at the fourth reader.
 */
function hangsOnFew(directory: Directory, people: Iterable<Username>, writer: Username): boolean {
  let readers = 0;
  let minds = false;
  for (const person of people) {
    if (person === writer) continue;
    minds ||= directory.users.get(person)?.preferences.neverReceive ?? false;
    if (hasAccess(directory, person)) readers += 1;
    if (readers > FEW) return false;
  }
  return minds;
}

/**
 * Should Synapse be asked who is in the room? For a room that a user made; Whisper's own rooms are covered by their
 * groups.
 */
export function roomHangsOnFew(
  directory: Directory,
  settings: PracticeSettings,
  { by, room, to }: Act,
): boolean {
  const writer = whoIs(settings, by, directory);
  if (room.room !== "user-made" || writer.is !== "person") return false;
  const accounts = to === undefined ? room.others : [...room.others, to];
  return hangsOnFew(directory, peopleBehind(directory, settings, accounts), writer.username);
}

/** The custom groups to ask about: who has left their rooms? */
export function groupsThatHangOnFew(
  directory: Directory,
  settings: PracticeSettings,
  act: Act,
): ConversationId[] {
  const writer = whoIs(settings, act.by, directory);
  if (act.room.room !== "managed" || act.room.conversation.kind !== "custom") return [];
  if (writer.is !== "person") return [];
  const { id } = act.room.conversation;
  const added = act.to === undefined ? [] : peopleBehind(directory, settings, [act.to]);
  const read = act.names === true || act.to !== undefined ? withHolders(directory, [id]) : [id];
  const few = [...read].filter((each) =>
    hangsOnFew(directory, new Set([...added, ...membersOf(directory, each)]), writer.username),
  );
  return [...new Set(few.flatMap((each) => [...groupsWithin(directory, each)]))].slice(0, MOST_ROOMS);
}

/** The directory as it will be once Whisper hears who has left the rooms of these custom groups. */
export function withoutLeft(
  directory: Directory,
  settings: PracticeSettings,
  left: ReadonlyMap<ConversationId, readonly UserId[]>,
): Directory {
  const customGroups = new Map(directory.customGroups);
  for (const [id, accounts] of left) {
    const group = directory.customGroups.get(id);
    if (group === undefined) continue;
    const gone = entriesBehind(directory, settings, accounts);
    customGroups.set(id, {
      ...group,
      users: group.users.filter((each) => !gone.users.includes(each)),
      securityGroups: group.securityGroups.filter((each) => !gone.securityGroups.includes(each)),
      customGroups: group.customGroups.filter((each) => !gone.customGroups.includes(each)),
    });
  }
  return { ...directory, customGroups };
}

function entriesBehind(
  directory: Directory,
  settings: PracticeSettings,
  accounts: readonly UserId[],
): Selection {
  const people = accounts.map((id) => whoIs(settings, id, directory));
  const targets = people.flatMap((someone) => (someone.is === "group" ? [someone.target] : []));
  return {
    users: people.flatMap((someone) => (someone.is === "person" ? [someone.username] : [])),
    securityGroups: targets.flatMap((target) => ("securityGroup" in target ? [target.securityGroup] : [])),
    customGroups: targets.flatMap((target) => ("customGroup" in target ? [target.customGroup] : [])),
  };
}

function peopleBehind(
  directory: Directory,
  settings: PracticeSettings,
  accounts: readonly UserId[],
): Set<Username> {
  const people = new Set<Username>();
  for (const id of accounts) {
    const someone = whoIs(settings, id, directory);
    if (someone.is === "person") people.add(someone.username);
    if (someone.is === "group") for (const each of peopleIn(directory, someone.target)) people.add(each);
  }
  return people;
}
