import { checkRoomPromptly } from "../../conversations/record/queue-checks.ts";
import { CONVERSATION_ROOMS } from "../../conversations/record/rooms.ts";
import { conversationById } from "../../conversations/record/store.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { isJoined, joinedMembers, SEEN_ROOMS } from "../../mirror/members.ts";
import type { ConversationId, PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import type { Database, Queryable } from "../../store/database.ts";
import type { Notifications } from "../../store/notifications.ts";
import { withAccount } from "../accounts/accounts.ts";

export interface ReaderDependencies {
  readonly database: Database;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly notifications: Notifications;
}

/** Once the asker is in, stops waiting after this many milliseconds without anyone joining. */
const PATIENCE = 5_000;
/** The same before that: on a busy machine a room takes a while. */
const PATIENCE_FOR_A_ROOM = 25_000;

/** The room was checked: everyone who waits for its members checks too. */
export const announceChecked = async (db: Queryable, id: ConversationId): Promise<void> => {
  await db.query("SELECT pg_notify('whisper_looked_at', $1)", [id]);
};

/**
 * Waits until everyone who belongs in a conversation is in its room, so that later messages are in everyone's timeline
 * and counted. Someone who cannot be let in delays the others only briefly.
 * @returns the room; null if it is not there in time, or `asker` is not in it.
 */
export async function everybodyIn(
  dependencies: ReaderDependencies,
  id: ConversationId,
  asker: UserId,
  signal: AbortSignal,
): Promise<RoomId | null> {
  let news = Promise.withResolvers<"news">();
  const off = dependencies.notifications.on("whisper_looked_at", (looked) => {
    if (looked === id) news.resolve("news");
  });
  try {
    let [fewest, wasIn, since] = [Number.POSITIVE_INFINITY, false, performance.now()];
    for (let again = false; ; again = true) {
      // Listens before looking, so that nothing in between is missed.
      news = Promise.withResolvers();
      const { room, missing } = await look(dependencies, id);
      if (room !== null && missing.size === 0) return room;
      // One check lets a few people in; this waits for them.
      if (again) await dependencies.database.transaction((tx) => checkRoomPromptly(tx, id));
      const isIn = room !== null && !missing.has(asker);
      if (missing.size < fewest || isIn !== wasIn) since = performance.now();
      [fewest, wasIn] = [missing.size, isIn];
      const until = since + (isIn ? PATIENCE : PATIENCE_FOR_A_ROOM);
      const heard = await within(until - performance.now(), news.promise, signal);
      if (heard === null) return isIn ? room : null;
    }
  } finally {
    off();
  }
}

/** For how long a new room waits for its people, in milliseconds. After that it waits for nobody. */
const NEW = 15_000;
/** How soon to look again, in milliseconds. */
const AGAIN = 250;

/**
 * A message is counted and makes a sound only for those who are in the room when it is sent.
 * @returns when to look again, while the conversation's room is new and some of its people are still on their way
 * there; null: nothing holds back what is to be sent.
 */
export async function whenReadersAreIn(
  dependencies: Omit<ReaderDependencies, "notifications">,
  id: ConversationId,
): Promise<Date | null> {
  const isNew = await dependencies.database.query(
    `SELECT FROM (${CONVERSATION_ROOMS}) AS its JOIN (${SEEN_ROOMS}) AS seen USING (room_id)
     WHERE its.id = $1 AND seen.seen_at > now() - $2 * interval '1 millisecond'`,
    [id, NEW],
  );
  if (isNew.rowCount === 0) return null;
  const { missing, unlisted } = await look(dependencies, id);
  return missing.size + unlisted.size === 0 ? null : new Date(Date.now() + AGAIN);
}

/** Waits until someone who was removed from a conversation is out of its room, for a bounded time. */
export async function whenOut(
  { database, notifications }: Pick<ReaderDependencies, "database" | "notifications">,
  id: ConversationId,
  room: RoomId,
  user: UserId,
  signal: AbortSignal,
): Promise<void> {
  let news = Promise.withResolvers<"news">();
  const off = notifications.on("whisper_looked_at", (looked) => {
    if (looked === id) news.resolve("news");
  });
  const until = performance.now() + PATIENCE;
  try {
    for (;;) {
      news = Promise.withResolvers();
      if (!(await isJoined(database, room, user))) return;
      if ((await within(until - performance.now(), news.promise, signal)) === null) return;
    }
  } finally {
    off();
  }
}

interface Looked {
  readonly room: RoomId | null;
  /** Everyone with an account who should be in it and is not. */
  readonly missing: ReadonlySet<UserId>;
  /** Those whose client does not have it as a direct chat yet, and makes no sound (sound.ts). */
  readonly unlisted: ReadonlySet<UserId>;
}

async function look(
  { database, directory, settings }: Omit<ReaderDependencies, "notifications">,
  id: ConversationId,
): Promise<Looked> {
  const stored = await conversationById(database, id);
  const expected = stored && expectedRoom(stored.conversation, await directory.fresh(), settings);
  if (!stored || !expected) return { room: null, missing: new Set(), unlisted: new Set() };
  const wanted = await withAccount(
    database,
    [...expected.members].filter((user) => user !== settings.bot),
  );
  const there = await joinedMembers(database, stored.roomId);
  return {
    room: stored.roomId,
    missing: new Set([...wanted].filter((user) => !there.has(user))),
    unlisted: new Set([...wanted].filter((user) => expected.direct.has(user) && !there.get(user)?.direct)),
  };
}

async function within<T>(milliseconds: number, awaited: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const giveUp = () => resolve(null);
  const timer = setTimeout(giveUp, Math.max(0, milliseconds));
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([awaited, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}
