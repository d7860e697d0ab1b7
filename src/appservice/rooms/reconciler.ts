import type { Logger } from "pino";
import { retiredRoom } from "../../conversations/record/retired-rooms.ts";
import { beginRoom, giveRoom, loseRoom } from "../../conversations/record/rooms.ts";
import { conversationById, type StoredConversation } from "../../conversations/record/store.ts";
import { wakeOutbox } from "../../messages/outbox.ts";
import { lockRoom } from "../../mirror/members.ts";
import { loadRoom, mirrorRoom } from "../../mirror/mirror.ts";
import { mayJoin } from "../../policy/callbacks/user-may-join-room.ts";
import type { Conversation, ConversationId, ExpectedRoom, RoomId, Step, UserId } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { closingSteps, diffRoom } from "../../policy/rooms/diff-room.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import type { Database, Transaction } from "../../store/database.ts";
import { withAccount } from "../accounts/accounts.ts";
import { asBegun, beginners, isBegun, lookAtBegun } from "./begun-room.ts";
import { inOrder } from "./in-order.ts";
import { keepMembersOfLostRoom } from "./lost-room.ts";
import { retireRoom } from "./retire.ts";
import {
  carryOutStep,
  createRoom,
  findOrphan,
  letIntoRoom,
  type RoomDependencies,
  refetchRoom,
} from "./room-steps.ts";

export interface ReconcilerDependencies extends RoomDependencies {
  readonly log: Logger;
  readonly roomTaken: RoomTaken;
}

/**
 * Called in the transaction that gives a conversation a room it did not have before: its first, or a replacement in
 * which nothing has been said.
 */
export type RoomTaken = (tx: Transaction, conversation: Conversation) => Promise<void>;

/**
 * The job `room`: makes a conversation's room what the rules say. Costs no homeserver call if it already is. Each step
 * is recorded before the next, so a crash repeats at most one step, or a few joins.
 * @param only lets in only this person: they wait, and the others do not.
 * @param begunBy who should make the room if there is none yet; Whisper joins once they have written.
 * @returns whether anything is left for when nobody is waiting: people still to be let in.
 * @throws if a step was refused: the mirror has been refetched then, and the next try starts from the truth.
 */
export async function reconcileRoom(
  dependencies: ReconcilerDependencies,
  id: ConversationId,
  only?: UserId,
  begunBy?: UserId,
): Promise<boolean> {
  const { database, directory, settings } = dependencies;
  const stored = await conversationById(database, id);
  if (stored === null) return false;
  await keepMembersOfLostRoom(dependencies, stored);
  const people = await directory.fresh();
  const expected = expectedRoom(stored.conversation, people, settings);
  if (expected === null) {
    if (stored.roomId !== null) await emptyRoom(dependencies, stored, stored.roomId);
    return false;
  }
  const room = stored.roomId ?? (await openRoom(dependencies, stored, expected, begunBy));
  let actual = await loadRoom(database, room);
  if (actual !== null && isBegun(stored, actual, { directory: people, settings })) {
    if (!(await lookAtBegun(dependencies, stored, expected, actual, only !== undefined))) return false;
    actual = await loadRoom(database, room);
  }
  if (actual === null) {
    await refetchRoom(database, dependencies.homeserver, room);
    throw new Error("the mirror did not know the room; it was fetched");
  }
  let steps = diffRoom(expected, actual);
  if (givesUp(steps)) {
    // A room and its history are abandoned only on the homeserver's word, never on the mirror's.
    await refetchRoom(database, dependencies.homeserver, room);
    const fetched = (await loadRoom(database, room)) ?? actual;
    // The process that made it ended before it had fetched it.
    if (isBegun(stored, fetched, { directory: people, settings }))
      throw new Error("the mirror did not know that the room is begun; it was fetched");
    steps = diffRoom(expected, fetched);
    const reason = givesUp(steps);
    if (reason) {
      await replaceRoom(dependencies, stored, room, reason);
      return false;
    }
  }
  steps = await withoutAbsent(database, steps);
  const now = only === undefined ? steps : steps.filter((step) => concerns(step, only));
  const asked = { room: "managed", conversation: stored.conversation } as const;
  const admits = async (user: UserId) =>
    mayJoin(await directory.fresh(), settings, { user, room: asked }).allowed;
  const left = await inOrder(dependencies, room, now, (step) => {
    switch (step.step) {
      case "join":
        return letIntoRoom(dependencies, room, step.user, () => admits(step.user));
      case "create":
      case "replace":
        throw new Error(`${step.step} is not done in a room that exists`);
      default:
        return carryOutStep(dependencies, room, step);
    }
  });
  return left || now.length < steps.length;
}

const concerns = (step: Step, user: UserId): boolean =>
  (step.step !== "join" && step.step !== "direct") || step.user === user;

const givesUp = (steps: readonly Step[]) => steps.find((step) => step.step === "replace")?.reason;

/** Leaves out steps about users whose account does not exist yet: creating it queues another check of the room. */
async function withoutAbsent(database: Database, steps: readonly Step[]): Promise<Step[]> {
  const userOf = (step: Step) => (step.step === "join" || step.step === "direct" ? step.user : null);
  const users = steps.flatMap((step) => userOf(step) ?? []);
  if (users.length === 0) return [...steps];
  const present = await withAccount(database, users);
  return steps.filter((step) => {
    const user = userOf(step);
    return user === null || present.has(user);
  });
}

/** Makes the conversation's room, or finds the one that an earlier process made before it ended. */
async function openRoom(
  dependencies: Omit<ReconcilerDependencies, "log">,
  stored: StoredConversation,
  expected: ExpectedRoom,
  begunBy: UserId | undefined,
): Promise<RoomId> {
  const { database, homeserver } = dependencies;
  const { id } = stored.conversation;
  const begun = await beginRoom(database, id);
  if (begun === null) throw new Error("the conversation has just been given a room; it is looked at again");
  const found = begun.again ? await orphanOf(dependencies, stored) : null;
  const made = found ?? {
    room: await createRoom(
      homeserver,
      begunBy === undefined ? expected : asBegun(expected, begunBy),
      begunBy,
    ),
    by: begunBy,
  };
  // Whisper's own room is fetched before it is known as the conversation's, so that its first events are not news.
  // Someone else's is fetched afterwards: until it is taken it could be adopted.
  if (made.by === undefined) await refetchRoom(database, homeserver, made.room);
  await takeRoom(dependencies, stored.conversation, made.room, made.by ?? null);
  if (made.by !== undefined) await refetchRoom(database, homeserver, made.room, made.by);
  return made.room;
}

/** The unrecorded room that was made for the conversation, and by whom if not by Whisper. */
async function orphanOf(
  dependencies: RoomDependencies,
  { conversation }: StoredConversation,
): Promise<{ readonly room: RoomId; readonly by?: UserId } | null> {
  const room = await findOrphan(dependencies, conversation.id);
  if (room !== null) return { room };
  for (const username of beginners(conversation, await dependencies.directory.fresh())) {
    const by = userIdOf(dependencies.settings, username);
    const begun = await findOrphan(dependencies, conversation.id, by);
    if (begun !== null) return { room: begun, by };
  }
  return null;
}

async function takeRoom(
  { database, roomTaken }: Pick<ReconcilerDependencies, "database" | "roomTaken">,
  conversation: Conversation,
  room: RoomId,
  creator: UserId | null,
): Promise<void> {
  const { id } = conversation;
  await database.transaction(async (tx) => {
    await mirrorRoom(tx, room, "11", creator);
    // Its adoption may be deciding at this moment what becomes of it.
    await lockRoom(tx, room, "update");
    if ((await retiredRoom(tx, room)) !== null)
      throw new Error("the room was closed before it was taken; another one is made");
    await giveRoom(tx, id, room);
    // What was queued for the conversation can now be sent.
    await wakeOutbox(tx, [id]);
    await roomTaken(tx, conversation);
  });
}

/** Gives the conversation a new room in place of one that cannot be repaired, and closes the old one. */
async function replaceRoom(
  { database, log }: Pick<ReconcilerDependencies, "database" | "log">,
  stored: StoredConversation,
  old: RoomId,
  reason: string,
): Promise<void> {
  log.warn({ reason, conversation: stored.conversation.id }, "a room cannot be made right and is replaced");
  await database.transaction(async (tx) => {
    await loseRoom(tx, stored.conversation.id, old);
    await retireRoom(tx, old, stored.conversation.id);
  });
}

/** The conversation should not exist: everyone but the bot leaves and forgets it. */
async function emptyRoom(
  dependencies: Omit<ReconcilerDependencies, "roomTaken">,
  stored: StoredConversation,
  room: RoomId,
): Promise<void> {
  const { database, directory, settings } = dependencies;
  let actual = await loadRoom(database, room);
  if (actual === null) return;
  if (isBegun(stored, actual, { directory: await directory.fresh(), settings })) {
    await lookAtBegun(dependencies, stored, null, actual, true);
    actual = (await loadRoom(database, room)) ?? actual;
  }
  const closing = closingSteps(settings, actual);
  await inOrder(dependencies, room, closing, (step) => carryOutStep(dependencies, room, step));
}
