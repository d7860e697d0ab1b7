import type { Logger } from "pino";
import { findOrMake } from "../../conversations/open.ts";
import { sendToControlRoom } from "../../conversations/record/control-room.ts";
import { controlConversation } from "../../conversations/record/keys.ts";
import { checkRoom, roomQueue } from "../../conversations/record/queue-checks.ts";
import { roomsInUse } from "../../conversations/record/retired-rooms.ts";
import { claimRoom, isRoomBegun } from "../../conversations/record/rooms.ts";
import { conversationById, ensureConversation } from "../../conversations/record/store.ts";
import { lockDirectory } from "../../directory/store.ts";
import { carryOver } from "../../messages/carry-over.ts";
import type { MatrixEvent } from "../../messages/event.ts";
import { wakeOutbox } from "../../messages/outbox.ts";
import { lockRoom } from "../../mirror/members.ts";
import { loadRoom } from "../../mirror/mirror.ts";
import { classifyRoom, type MadeRoom } from "../../policy/conversations/adoption.ts";
import {
  type ActualRoom,
  type ConversationId,
  type Directory,
  MARKER_TYPE,
  type RoomId,
  SERVICE_MEMBERS_TYPE,
  type UserId,
} from "../../policy/model.ts";
import { usernameOf } from "../../policy/names/names.ts";
import { ROOM_VERSION } from "../../policy/rooms/expected-room.ts";
import { readPowerLevels } from "../../policy/rooms/level-meaning.ts";
import { BOT_LEVEL } from "../../policy/rooms/power-levels.ts";
import * as words from "../../policy/words.ts";
import type { Database, Transaction } from "../../store/database.ts";
import type { InTurn } from "../../store/jobs.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";
import { admitInvited } from "./admit-invited.ts";
import { closeIfStillAlone } from "./orphan-rooms.ts";
import { retireRoom } from "./retire.ts";
import { type RoomDependencies, type RoomStepDependencies, refetchRoom } from "./room-steps.ts";

interface AdoptionDependencies extends RoomDependencies {
  readonly log: Logger;
}

/**
 * The job `adopt`: a room that a user made in a client becomes the room of the conversation it was meant for, or leads
 * to the room that this conversation already has (docs/matrix-mapping.md#starting-a-conversation-in-any-client). After
 * a crash it runs again from the start: the room shows what was done.
 */
export async function adoptRoom(
  dependencies: AdoptionDependencies,
  room: RoomId,
  inTurn: InTurn,
): Promise<void> {
  const claimed = await decideOn(dependencies, room);
  // Never while the room's own job runs. What it sets while someone joins does not follow their join. The room forks,
  // and a /sync that begins after the join says again that they are only invited
  // (docs/synapse-facts.md#what-a-sync-says).
  if (claimed !== null) await inTurn(roomQueue(claimed), () => admitInvited(dependencies, claimed, room));
  // Whatever the outcome, people who write into the room need not wait any longer.
  await announceAdoption(dependencies.database, room);
}

/** Everything that decides what a room becomes. */
type AdoptionRules = Pick<RoomDependencies, "directory" | "settings">;

/** @returns the conversation whose room this has become; null: none. */
async function decideOn(dependencies: AdoptionDependencies, room: RoomId): Promise<ConversationId | null> {
  const { database, homeserver, directory, settings } = dependencies;
  if ((await roomsInUse(database, [room])).has(room)) return null;

  const mirrored = await loadRoom(database, room);
  // Rooms that Whisper made are recognised by their marker (see findOrphan).
  if (mirrored?.creator === settings.bot) return null;
  // In a room that an outside account made, Whisper hears events from the moment the first of ours is in it.
  const state = await refetchRoom(database, homeserver, room, mirrored?.creator ?? undefined);
  // Everyone has left: only invitations remain, and they lead nowhere.
  if (state.length === 0) {
    await database.transaction((tx) => retireRoom(tx, room, null));
    return null;
  }
  const actual = await loadRoom(database, room);
  if (actual === null || actual.creator === settings.bot) return null;
  if (await wasBegun(database, actual)) return null;
  const classify = (people: Directory, as: ActualRoom) => classifyRoom(people, settings, as, isDirect(state));
  const first = classify(await directory.fresh(), actual);
  if (first.is === "unfinished") {
    await closeIfStillAlone(database, actual);
    return null;
  }
  // Power first: once the room is ours it can be kept in order. A room that is refused, or that a client closed, is
  // never adopted: nobody whom its maker put in it joins.
  const taken =
    (first.is === "opening" || first.is === "control") &&
    actual.version === ROOM_VERSION &&
    !(await hasSilentRival(dependencies, actual)) &&
    (await tookOver(dependencies, actual));
  return database.transaction(async (tx) => {
    // Someone may have been invited meanwhile. If their event was handled, the mirror has it and it belongs to the
    // choice. Other events wait for this lock (conversations/groups/custom-group-events.ts) and are edits of the group
    // that exists then.
    await lockRoom(tx, room, "update");
    if ((await roomsInUse(tx, [room])).has(room)) return null;
    // Decided under the lock: two rooms for one choice of people become one group.
    await lockDirectory(tx);
    const made = classify(await directory.within(tx), (await loadRoom(tx, room)) ?? actual);
    return decide(dependencies, tx, taken ? made : withoutPower(made), room, newestOf(state));
  });
}

/**
 * Is someone who never receives at the bot's level, and not in the room yet? To step down they would have to join
 * before it is decided who stays.
 */
async function hasSilentRival({ directory, settings }: AdoptionRules, actual: ActualRoom): Promise<boolean> {
  const people = await directory.fresh();
  const levels = readPowerLevels(actual.state["m.room.power_levels"], actual.creator);
  return [...actual.members].some(([id, { membership }]) => {
    const username = usernameOf(settings, id, people);
    const silent = username !== null && people.users.get(username)?.preferences.neverReceive === true;
    return silent && membership === "invite" && (levels.users[id] ?? 0) >= BOT_LEVEL;
  });
}

/**
 * Was the room begun for a conversation (begun-room.ts)? That conversation's own job takes it, or has made another in
 * its place after a process ended in between; then only its maker has ever been in it.
 * @throws while that is undecided, so that it is checked again.
 */
async function wasBegun(database: Database, actual: ActualRoom): Promise<boolean> {
  const { id } = actual.state[MARKER_TYPE] ?? {};
  if (typeof id !== "string") return false;
  // In this order: between the two it may be taken, and then the second says so.
  const isUnderWay = await isRoomBegun(database, id as ConversationId);
  const stored = await conversationById(database, id as ConversationId);
  if (stored === null || actual.state["m.room.join_rules"]?.join_rule !== "public") return false;
  if (stored.roomId === actual.roomId) return true;
  if (stored.roomId !== null) {
    if ([...actual.members.values()].filter(({ membership }) => membership !== "leave").length > 1)
      return false;
    await database.transaction((tx) => retireRoom(tx, actual.roomId, null));
    return true;
  }
  if (!isUnderWay) return false;
  throw new Error("the room is being made for a conversation; it is looked at again");
}

/** Everyone who waits for the adoption, in any process, may continue: it is done, or there is none. */
async function announceAdoption(database: Database, room: RoomId): Promise<void> {
  await database.query("SELECT pg_notify('whisper_adopted', $1)", [room]);
}

/** @returns the conversation whose room this becomes; null if the room is closed instead. */
async function decide(
  dependencies: AdoptionRules,
  tx: Transaction,
  made: MadeRoom,
  room: RoomId,
  madeFrom: number,
): Promise<ConversationId | null> {
  switch (made.is) {
    case "unfinished":
      return null;
    case "closed":
      await retireRoom(tx, room, null);
      return null;
    case "control":
      await retireInto(
        tx,
        room,
        (await ensureConversation(tx, controlConversation(made.asker))).conversation.id,
      );
      return null;
    case "refused":
      await retireRoom(tx, room, null);
      if (made.asker !== null) await sendToControlRoom(tx, made.asker, `refused-room:${room}`, made.reason);
      return null;
    case "opening": {
      const { id } = await findOrMake(dependencies, tx, made.opening, made.asker, madeFrom);
      if (made.replace === null && (await claim(tx, id, room))) return id;
      await retireInto(tx, room, id);
      if (made.replace !== null)
        await sendToControlRoom(tx, made.asker, `refused-room:${room}`, words.goesOnElsewhere(made.replace));
      return null;
    }
    default:
      return made satisfies never;
  }
}

const withoutPower = (made: MadeRoom): MadeRoom =>
  made.is === "opening" ? { ...made, replace: made.replace ?? "bot-powerless" } : made;

/** Makes the room the conversation's, if it has none and none is being made. */
async function claim(tx: Transaction, id: ConversationId, room: RoomId): Promise<boolean> {
  if (!(await claimRoom(tx, id, room))) return false;
  await checkRoom(tx, id);
  await wakeOutbox(tx, [id]);
  return true;
}

async function retireInto(tx: Transaction, room: RoomId, id: ConversationId): Promise<void> {
  const stored = await conversationById(tx, id);
  await retireRoom(tx, room, id);
  // What was said here is repeated in the conversation's own room.
  await carryOver(tx, room, id);
  if (stored?.roomId === null) await checkRoom(tx, id);
}

const newestOf = (state: readonly MatrixEvent[]): number =>
  Math.max(0, ...state.map((event) => event.origin_server_ts));

const isDirect = (state: readonly MatrixEvent[]): boolean =>
  state.some((event) => event.type === "m.room.member" && event.content.is_direct === true);

/**
 * @returns false if the homeserver refused, for example because the room's maker has left it or has no power to give.
 */
async function tookOver(
  dependencies: Omit<AdoptionDependencies, "directory">,
  actual: ActualRoom,
): Promise<boolean> {
  try {
    await takeOver(dependencies, actual, dependencies.settings.bot);
    return true;
  } catch (error) {
    if (!(error instanceof MatrixRefused)) throw error;
    dependencies.log.warn({ err: error }, "a room that a user made cannot be taken over, and is closed");
    return false;
  }
}

/**
 * Gives the bot the power over a room that a user made: its creator lets the bot in, raises it and steps down. Everyone
 * else at the bot's level steps down too, for which they have to be in the room; all others join once it is decided.
 */
async function takeOver(
  { database, homeserver }: RoomStepDependencies,
  actual: ActualRoom,
  bot: UserId,
): Promise<void> {
  const { roomId: room, creator } = actual;
  if (creator === null) return;
  const own = actual.members.get(bot)?.membership;
  // Before the bot joins, so that no client ever names the chat after it. If an earlier, unfinished try did it, the
  // creator may have stepped down since and could not do it again.
  if (own !== "join") {
    await homeserver.call({
      method: "PUT",
      path: path`/_matrix/client/v3/rooms/${room}/state/${SERVICE_MEMBERS_TYPE}/`,
      as: creator,
      body: { service_members: [bot] },
    });
    if (own !== "invite") {
      await homeserver.call({
        method: "POST",
        path: path`/_matrix/client/v3/rooms/${room}/invite`,
        as: creator,
        body: { user_id: bot },
      });
    }
    await homeserver.call({ method: "POST", path: path`/_matrix/client/v3/join/${room}` });
  }
  const levels = readPowerLevels(actual.state["m.room.power_levels"], creator);
  for (const [user, { membership }] of actual.members) {
    if (membership !== "invite" || user === bot) continue;
    if ((levels.users[user] ?? 0) < BOT_LEVEL) continue;
    await homeserver.call({ method: "POST", path: path`/_matrix/client/v3/join/${room}`, as: user });
  }
  await enthrone(homeserver, actual, creator, bot);
  // Again as the bot: if a message waits, the room forks, and state resolution drops what its creator set before.
  const where = path`/_matrix/client/v3/rooms/${room}/state/${SERVICE_MEMBERS_TYPE}/`;
  await homeserver.call({ method: "PUT", path: where, body: { service_members: [bot] } });
  await refetchRoom(database, homeserver, room);
}

/** Nobody lowers an equal, but everyone may lower themselves (authorisation rules of room version 11, 9.7.1). */
async function enthrone(
  homeserver: Homeserver,
  actual: ActualRoom,
  creator: UserId,
  bot: UserId,
): Promise<void> {
  const content = actual.state["m.room.power_levels"] ?? {};
  const users: Record<string, number> = { ...readPowerLevels(content, creator).users };
  const rivals = Object.keys(users).filter((user) => user !== bot && (users[user] ?? 0) >= BOT_LEVEL);
  // The creator first: only they can raise the bot.
  const order = [
    ...(users[bot] === BOT_LEVEL ? [] : [creator]),
    ...rivals.filter((user) => user !== creator),
  ];
  if (users[bot] === BOT_LEVEL && rivals.includes(creator)) order.push(creator);
  for (const user of order) {
    users[bot] = BOT_LEVEL;
    users[user] = 0;
    await homeserver.call({
      method: "PUT",
      path: path`/_matrix/client/v3/rooms/${actual.roomId}/state/m.room.power_levels/`,
      as: user as UserId,
      body: { ...content, users: { ...users } },
    });
  }
}
