import { roomsWith } from "../../conversations/record/people-in-rooms.ts";
import { checkRooms, checkRoomsSoon } from "../../conversations/record/queue-checks.ts";
import { checkRoomsLater } from "../../conversations/record/room-checks.ts";
import { roomsUnderWay } from "../../conversations/record/rooms.ts";
import {
  ownConversations,
  type StoredConversation,
  sharedConversations,
} from "../../conversations/record/store.ts";
import { loadRooms } from "../../mirror/mirror.ts";
import type {
  Conversation,
  ConversationId,
  CustomGroup,
  Directory,
  PracticeSettings,
  RoomId,
  SecurityGroupId,
  UserId,
  Username,
} from "../../policy/model.ts";
import { type HandleTarget, handleTarget, userIdOf, usernameOf } from "../../policy/names/names.ts";
import { withHolders } from "../../policy/people/members.ts";
import { customGroupsAround } from "../../policy/people/nesting.ts";
import { closingSteps, diffRoom } from "../../policy/rooms/diff-room.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import {
  isInSharedRooms,
  isShared,
  type SharedRooms,
  sharedRoomsOf,
} from "../../policy/rooms/shared-rooms.ts";
import type { Queryable } from "../../store/database.ts";
import type { KnownAccounts } from "../accounts/accounts.ts";

interface Practice {
  readonly tx: Queryable;
  readonly directory: Directory;
  readonly settings: PracticeSettings;
}

export interface Reach {
  /** People whose record, groups or access changed. */
  readonly people: ReadonlySet<Username>;
  /** Security groups whose record changed. */
  readonly groups: ReadonlySet<SecurityGroupId>;
  readonly accounts: KnownAccounts;
  /** Accounts are made first; the held rooms are checked after that. */
  readonly accountsAreDue: boolean;
}

/** For up to this many people, all their rooms are checked; for a larger change, only who came and who went. */
const SMALL = 50;

/**
 * Queues the rooms that a change affects. People who have to leave come first, then existing rooms. Rooms still to be
 * made wait until nobody waits for anything else, and until their people have accounts.
 */
export async function checkReachedRooms(practice: Practice, reach: Reach): Promise<void> {
  const { tx, directory } = practice;
  const { people, groups } = reach;
  const reached = await conversationsReached(practice, reach);
  const moves = await movesOf(practice, reach, reached.shared);
  // When someone comes or goes, unnamed groups around it change their names.
  const around = [...withHolders(directory, moves.moved)].filter((id) => !moves.moved.has(id));
  const look = new Set<ConversationId>([...moves.joining, ...around]);
  const whole: StoredConversation[] = [...reached.own];
  for (const stored of reached.shared) {
    const { conversation } = stored;
    if (conversation.kind === "group" && groups.has(conversation.securityGroup)) look.add(conversation.id);
    if (conversation.kind !== "custom") continue;
    const group = directory.customGroups.get(conversation.id);
    if (group === undefined) continue;
    if (isSmall(directory, group)) whole.push(stored);
    else if (namesOne(group, people, groups)) look.add(conversation.id);
  }
  const urgent = new Set(moves.leaving);
  for (const { id, leaves } of await differing(practice, whole)) (leaves ? urgent : look).add(id);

  const all = new Map([...reached.own, ...reached.shared].map((each) => [each.conversation.id, each]));
  const there = (id: ConversationId) => all.get(id)?.roomId !== null;
  await checkRooms(tx, urgent);
  await checkRoomsSoon(
    tx,
    [...look].filter((id) => !urgent.has(id) && there(id)),
  );
  const roomless = [...all.values()].filter(({ roomId }) => roomId === null);
  const making = await roomsUnderWay(
    tx,
    roomless.map(({ conversation }) => conversation.id),
  );
  // A room that a job may be about to make, with people who may no longer belong in it, is not postponed.
  await checkRooms(tx, making);
  await checkRoomsLater(
    tx,
    roomless.filter(({ conversation }) => !making.has(conversation.id)).map((each) => each.conversation),
    reach.accountsAreDue,
  );
}

/** The conversations that the change may affect. */
async function conversationsReached(
  { tx, directory }: Practice,
  { people, groups }: Pick<Reach, "people" | "groups">,
): Promise<{ own: StoredConversation[]; shared: StoredConversation[] }> {
  const names = [...people];
  const theirs = new Set(groups);
  for (const username of names)
    for (const group of sharedRoomsOf(directory, username, NONE).groups) theirs.add(group);
  const customGroups = customGroupsAround(directory, { usernames: names, groups });
  return {
    own: names.length === 0 ? [] : await ownConversations(tx, names),
    shared: await sharedConversations(tx, [...theirs], [...customGroups]),
  };
}

const NONE: ReadonlySet<never> = new Set<never>();

interface Moves {
  /** Conversations with someone in their room who does not belong there. */
  readonly leaving: ReadonlySet<ConversationId>;
  /** Conversations whose room lacks someone with an account. */
  readonly joining: ReadonlySet<ConversationId>;
  /** All conversations that someone joins or leaves. */
  readonly moved: ReadonlySet<ConversationId>;
}

/** Compares which shared rooms these people are in with where they should be. Looks at nobody else in those rooms. */
async function movesOf(
  { tx, directory, settings }: Practice,
  { people, accounts }: Pick<Reach, "people" | "accounts">,
  conversations: readonly StoredConversation[],
): Promise<Moves> {
  const ids = new Map<UserId, SharedRooms>();
  for (const username of people) ids.set(userIdOf(settings, username), roomsOf(directory, username));
  const leaving = new Set<ConversationId>();
  const joining = new Set<ConversationId>();
  const moved = new Set<ConversationId>();
  const present = new Set<string>();
  const key = (user: UserId, { id }: Conversation) => `${user} ${id}`;
  for (const { user, conversation } of await roomsWith(tx, [...ids.keys()])) {
    present.add(key(user, conversation));
    const rooms = ids.get(user);
    if (rooms === undefined || !isShared(conversation) || isInSharedRooms(rooms, conversation)) continue;
    leaving.add(conversation.id);
    moved.add(conversation.id);
  }
  for (const [user, rooms] of ids) {
    for (const { conversation } of conversations) {
      if (!isInSharedRooms(rooms, conversation) || present.has(key(user, conversation))) continue;
      moved.add(conversation.id);
      // Creating an account also queues a check of its rooms.
      if (accounts.made(user)) joining.add(conversation.id);
    }
  }
  return { leaving, joining, moved };
}

const isSmall = (directory: Directory, group: CustomGroup): boolean =>
  group.customGroups.length === 0 &&
  group.users.length +
    group.securityGroups.reduce(
      (sum, id) => sum + (directory.securityGroups.get(id)?.members.length ?? 0),
      0,
    ) <=
    SMALL;

const namesOne = (
  group: CustomGroup,
  people: ReadonlySet<Username>,
  groups: ReadonlySet<SecurityGroupId>,
): boolean =>
  group.users.some((each) => people.has(each)) || group.securityGroups.some((each) => groups.has(each));

/** Which of these rooms differ from what they should be, as far as the mirror knows. */
async function differing(
  { tx, directory, settings }: Practice,
  conversations: readonly StoredConversation[],
): Promise<ReadonlyArray<{ readonly id: ConversationId; readonly leaves: boolean }>> {
  const withRoom = conversations.filter(({ roomId }) => roomId !== null);
  const rooms = await loadRooms(
    tx,
    withRoom.map(({ roomId }) => roomId as RoomId),
  );
  return withRoom.flatMap(({ conversation, roomId }) => {
    const { id } = conversation;
    const actual = rooms.get(roomId as RoomId);
    const expected = expectedRoom(conversation, directory, settings);
    if (actual === undefined) return [{ id, leaves: false }];
    if (expected === null) return closingSteps(settings, actual).length === 0 ? [] : [{ id, leaves: true }];
    const steps = diffRoom(expected, actual);
    return steps.length === 0 ? [] : [{ id, leaves: steps.some(({ step }) => step === "kick") }];
  });
}

/** Queues checks of the rooms that new accounts belong in, to run once `releaseRooms` is called. */
export async function holdRoomsOf(practice: Practice, users: readonly UserId[]): Promise<void> {
  const { tx, directory, settings } = practice;
  const people = new Set(users.flatMap((user) => usernameOf(settings, user, directory) ?? []));
  const { own, shared } = await conversationsReached(practice, { people, groups: NONE });
  const theirs = [...people].map((username) => roomsOf(directory, username));
  const belong = shared.filter(({ conversation }) =>
    theirs.some((rooms) => isInSharedRooms(rooms, conversation)),
  );
  // A group's handle is in the rooms of the groups that contain it.
  const holders = users.flatMap((user) => [...holdersOf(directory, handleTarget(settings, user, directory))]);
  await checkRoomsLater(
    tx,
    [
      ...[...own, ...belong].map(({ conversation }) => conversation),
      ...holders.map((id) => ({ id, kind: "custom" }) as const),
    ],
    true,
  );
}

function holdersOf(directory: Directory, target: HandleTarget | null): Iterable<ConversationId> {
  if (target === null) return [];
  return "securityGroup" in target
    ? customGroupsAround(directory, { usernames: [], groups: [target.securityGroup] })
    : withHolders(directory, [target.customGroup]);
}

const roomsOf = (directory: Directory, username: Username): SharedRooms =>
  sharedRoomsOf(directory, username, customGroupsAround(directory, { usernames: [username], groups: [] }));

/**
 * The conversations whose rooms a person should be in and is not, as far as the mirror knows. Rooms in which people
 * talk come first.
 */
export async function roomsToEnter(
  practice: Practice,
  username: Username,
): Promise<readonly ConversationId[]> {
  const { tx, directory, settings } = practice;
  const { own, shared } = await conversationsReached(practice, { people: new Set([username]), groups: NONE });
  const rooms = roomsOf(directory, username);
  const there = await roomsWith(tx, [userIdOf(settings, username)]);
  const present = new Set(there.map(({ conversation }) => conversation.id));
  return [...shared.filter(({ conversation }) => isInSharedRooms(rooms, conversation)), ...own]
    .map(({ conversation }) => conversation.id)
    .filter((id) => !present.has(id));
}
