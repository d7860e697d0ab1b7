import { checkRoom } from "../../conversations/record/queue-checks.ts";
import { rememberClosed, rememberRetired, retiredRoom } from "../../conversations/record/retired-rooms.ts";
import { conversationById } from "../../conversations/record/store.ts";
import { TOMBSTONE_TEXT } from "../../messages/words.ts";
import { loadRoom } from "../../mirror/mirror.ts";
import type { ActualRoom, ConversationId, RoomId, RoomStep, UserId } from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import { closingSteps } from "../../policy/rooms/diff-room.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import { goesOnIn } from "../../policy/rooms/goes-on.ts";
import type { Queryable } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { MatrixRefused, path } from "../homeserver/homeserver.ts";
import { carryOutStep, type RoomDependencies, refetchRoom } from "./room-steps.ts";

/** Queues closing a room for good: a tombstone that leads to the conversation's room, and everyone out of it. */
export async function retireRoom(
  tx: Queryable,
  room: RoomId,
  successor: ConversationId | null,
): Promise<void> {
  await rememberRetired(tx, room, successor);
  if (successor !== null) await checkRoom(tx, successor);
  await addRetireJob(tx, room);
}

export const addRetireJob = (tx: Queryable, room: RoomId): Promise<void> =>
  addJob(tx, "retire", { room_id: room }, { queue: `retire:${room}` });

/**
 * The job `retire`: the tombstone, then everyone leaves and forgets. If there is nowhere to lead to, or the bot lacks
 * the power for this or over someone, the room is shut down through the admin API instead, which works for any room.
 */
export async function closeRoom(dependencies: RoomDependencies, room: RoomId): Promise<void> {
  const { database, settings } = dependencies;
  const { bot } = settings;
  const retired = await retiredRoom(database, room);
  if (retired === null) return;
  const actual = await loadRoom(database, room);
  // The event that closed it makes Whisper check it again.
  if (retired.closed && actual !== null && closingSteps(settings, actual).length === 0) return;
  const successor = retired.successor === null ? null : await leadsTo(dependencies, retired.successor);
  const next = successor?.room ?? null;
  // A room that someone made and that leads nowhere is shut down, so that nobody returns and continues in it.
  const refused = retired.successor === null && actual?.creator !== bot;
  const closed =
    !refused &&
    actual !== null &&
    botRules(actual, bot) &&
    (await closeFromWithin(dependencies, actual, successor));
  if (!closed) await shutDown(dependencies, room, next);
  await rememberClosed(database, room);
}

/** @returns null if the conversation has ended meanwhile, so that there will be no room to lead to. */
async function leadsTo(
  { database, directory, settings }: Omit<RoomDependencies, "homeserver">,
  id: ConversationId,
): Promise<Successor | null> {
  const stored = await conversationById(database, id);
  if (stored === null) return null;
  const { conversation, roomId: room } = stored;
  const people = await directory.fresh();
  if (room !== null) return { room, goesOn: (user) => goesOnIn(conversation, people, settings, user) };
  if (expectedRoom(conversation, people, settings) === null) return null;
  throw new Error("the room to lead to is still to be made");
}

function botRules(actual: ActualRoom, bot: UserId): boolean {
  const levels = actual.state["m.room.power_levels"] as { users?: Record<string, number> } | undefined;
  return actual.members.get(bot)?.membership === "join" && (levels?.users?.[bot] ?? 0) >= 100;
}

interface Successor {
  readonly room: RoomId;
  /** Tells a person where they find it. */
  readonly goesOn: (user: UserId) => string;
}

/** @returns false if the homeserver refused a step, for example because someone has as much power as the bot. */
async function closeFromWithin(
  dependencies: Omit<RoomDependencies, "directory">,
  actual: ActualRoom,
  successor: Successor | null,
): Promise<boolean> {
  try {
    if (successor !== null && actual.state["m.room.tombstone"] === undefined)
      await carryOutStep(dependencies, actual.roomId, tombstone(successor.room));
    for (const step of closingSteps(dependencies.settings, actual)) {
      const told = successor !== null && step.step === "kick" && isOurs(dependencies.settings, step.user);
      const withReason = told ? { ...step, reason: successor.goesOn(step.user) } : step;
      await carryOutStep(dependencies, actual.roomId, withReason);
    }
    return true;
  } catch (error) {
    if (error instanceof MatrixRefused) return false;
    throw error;
  }
}

const tombstone = (next: RoomId, as?: UserId): RoomStep => ({
  step: "state",
  type: "m.room.tombstone",
  content: { body: TOMBSTONE_TEXT, replacement_room: next },
  ...(as === undefined ? {} : { as }),
});

/**
 * Removes everyone through the admin API and lets nobody back in ("Delete Room API", version 1: its answer comes once
 * they are out, unlike version 2's).
 */
async function shutDown(
  dependencies: Omit<RoomDependencies, "directory">,
  room: RoomId,
  next: RoomId | null,
): Promise<void> {
  const { database, homeserver, settings } = dependencies;
  if (next !== null) await leadOnByCreator(dependencies, room, next);
  await homeserver.call({
    method: "DELETE",
    path: path`/_synapse/admin/v1/rooms/${room}`,
    body: { block: true, purge: false },
  });
  await refetchRoom(database, homeserver, room);
  const after = await loadRoom(database, room);
  for (const [user, { membership, forgotten }] of after?.members ?? []) {
    if (membership !== "leave" && membership !== "ban")
      throw new Error("someone is still in a room that was shut down");
    if (!forgotten && isOurs(settings, user))
      await carryOutStep(dependencies, room, { step: "forget", user });
  }
}

/** The room's maker may be able to set the tombstone that Whisper cannot, as in rooms of version 12. */
async function leadOnByCreator(
  dependencies: Omit<RoomDependencies, "directory">,
  room: RoomId,
  next: RoomId,
): Promise<void> {
  const actual = await loadRoom(dependencies.database, room);
  const creator = actual?.creator ?? null;
  if (actual === null || creator === null || actual.state["m.room.tombstone"] !== undefined) return;
  if (creator === dependencies.settings.bot || !isOurs(dependencies.settings, creator)) return;
  try {
    await carryOutStep(dependencies, room, tombstone(next, creator));
  } catch (error) {
    // They cannot either. Everyone is told why in their chat with Whisper, and finds the conversation in their list.
    if (!(error instanceof MatrixRefused)) throw error;
  }
}
