import { roomQueue } from "../../conversations/record/queue-checks.ts";
import type { StoredConversation } from "../../conversations/record/store.ts";
import { somethingSaid } from "../../messages/inbox-queries.ts";
import { SEEN_ROOMS } from "../../mirror/members.ts";
import { awaitOwnMember, mirrorOwnMember } from "../../mirror/mirror.ts";
import type {
  ActualRoom,
  Conversation,
  Directory,
  ExpectedRoom,
  PracticeSettings,
  RoomId,
  UserId,
  Username,
} from "../../policy/model.ts";
import { MARKER_TYPE } from "../../policy/model.ts";
import { usernameOf } from "../../policy/names/names.ts";
import { BOT_LEVEL } from "../../policy/rooms/power-levels.ts";
import type { Database } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { withAccount } from "../accounts/accounts.ts";
import { path } from "../homeserver/homeserver.ts";
import { announceChecked } from "./everybody-in.ts";
import { isAboutPerson } from "./in-order.ts";
import { carryOutStep, type RoomDependencies, type RoomStepDependencies, refetchRoom } from "./room-steps.ts";

/**
 * A begun room: Whisper made it for a few people, acting for the one who writes first, and is not in it yet. Clients
 * hold back the first message until exactly those people are there (docs/decisions/front-door.md), so Whisper joins
 * after it, or once nothing has been said for a while. Its level is set from the beginning, and the callbacks know the
 * room.
 */

/** How long to wait for a first message, in milliseconds: clients send after five seconds at the latest. */
const FIRST_MESSAGE = 8_000;

/** How to make a room that Whisper joins later: joining needs no invitation, and `by` steps down then. */
export const asBegun = (expected: ExpectedRoom, by: UserId): ExpectedRoom => {
  const levels = expected.state["m.room.power_levels"] ?? {};
  const users = typeof levels.users === "object" && levels.users !== null ? levels.users : {};
  return {
    ...expected,
    state: {
      ...expected.state,
      // The callbacks let nobody else in, and nobody else learns the room's id.
      "m.room.join_rules": { join_rule: "public" },
      "m.room.power_levels": { ...levels, users: { ...users, [by]: BOT_LEVEL } },
    },
  };
};

/** Who may have begun this conversation's room: those who may have written first. */
export function beginners(conversation: Conversation, directory: Directory): readonly Username[] {
  if (conversation.kind === "individual") return conversation.pair;
  const group = conversation.kind === "custom" ? directory.customGroups.get(conversation.id) : undefined;
  return group === undefined ? [] : [group.createdBy];
}

/** Was the room begun for this conversation, without Whisper in it yet? */
export function isBegun(
  { conversation }: StoredConversation,
  actual: ActualRoom,
  { directory, settings }: { readonly directory: Directory; readonly settings: PracticeSettings },
): boolean {
  if (actual.creator === null) return false;
  const maker = usernameOf(settings, actual.creator, directory);
  return (
    maker !== null &&
    beginners(conversation, directory).includes(maker) &&
    actual.members.get(settings.bot)?.membership !== "join" &&
    // Once everyone has left, nobody can come back.
    [...actual.members.values()].some(({ membership }) => membership === "join") &&
    actual.state[MARKER_TYPE]?.id === conversation.id &&
    actual.state["m.room.join_rules"]?.join_rule === "public"
  );
}

/**
 * Brings the people in, and Whisper when it is time.
 * @param now someone waits for something that only Whisper can do there.
 * @returns whether Whisper is in, so that the room can be checked like any other.
 */
export async function lookAtBegun(
  dependencies: Omit<RoomDependencies, "directory">,
  stored: StoredConversation,
  expected: ExpectedRoom | null,
  actual: ActualRoom,
  now: boolean,
): Promise<boolean> {
  const { database, settings } = dependencies;
  const extra = [...actual.members].some(
    ([user, { membership }]) => membership === "join" && expected?.members.has(user) !== true,
  );
  const due = now || expected === null || extra ? null : await dueAt(database, actual.roomId);
  if (expected !== null && due !== null) {
    await bringIn(dependencies, actual, expected, settings.bot);
    await announceChecked(database, stored.conversation.id);
    for (const [user, other] of expected.direct)
      if (actual.members.has(user) && !actual.direct.has(user))
        await carryOutStep(dependencies, actual.roomId, { step: "direct", user, other });
    const { id } = stored.conversation;
    await addJob(database, "room", { conversation_id: id }, { queue: roomQueue(id), runAt: due });
    return false;
  }
  await enter(dependencies, actual, settings.bot);
  return true;
}

/** When Whisper should join; null: now, since something was said, or nothing for long enough. */
async function dueAt(database: Database, room: RoomId): Promise<Date | null> {
  const found = await database.query<{ due: Date }>(
    `SELECT seen_at + $2 * interval '1 millisecond' AS due FROM (${SEEN_ROOMS}) AS seen
     WHERE room_id = $1 AND seen_at + $2 * interval '1 millisecond' > now()
       AND NOT ${somethingSaid("$1")}`,
    [room, FIRST_MESSAGE],
  );
  return found.rows[0]?.due ?? null;
}

async function bringIn(
  { database, homeserver }: RoomStepDependencies,
  actual: ActualRoom,
  expected: ExpectedRoom,
  bot: UserId,
): Promise<void> {
  const wanted = await withAccount(
    database,
    [...expected.members].filter((user) => user !== bot),
  );
  // Groups' handles come before the people in them.
  for (const user of expected.members) {
    if (!wanted.has(user) || actual.members.get(user)?.membership === "join") continue;
    await awaitOwnMember(database, actual.roomId, user, "join");
    try {
      await homeserver.call({
        method: "POST",
        path: path`/_matrix/client/v3/join/${actual.roomId}`,
        as: user,
      });
    } catch (error) {
      // The room's own job tries again, once Whisper is in it.
      if (isAboutPerson(error)) continue;
      throw error;
    }
    await mirrorOwnMember(database, actual.roomId, user, "join");
  }
}

/** Whisper joins. Nothing else is needed to finish the room; its maker's stepping down is part of that. */
async function enter(
  { database, homeserver }: RoomStepDependencies,
  actual: ActualRoom,
  bot: UserId,
): Promise<void> {
  const { roomId: room, creator } = actual;
  await awaitOwnMember(database, room, bot, "join");
  await homeserver.call({ method: "POST", path: path`/_matrix/client/v3/join/${room}` });
  // Only someone in the room can step down.
  if (creator !== null && actual.members.get(creator)?.membership !== "join")
    await homeserver.call({ method: "POST", path: path`/_matrix/client/v3/join/${room}`, as: creator });
  await refetchRoom(database, homeserver, room);
}
