import { checkRoomPromptly } from "../../conversations/record/queue-checks.ts";
import { conversationById } from "../../conversations/record/store.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
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
export const tellLookedAt = async (db: Queryable, id: ConversationId): Promise<void> => {
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

/** Waits until someone who was removed from a conversation is out of its room, for a bounded time. */
export async function whenOut(
  { database, notifications }: ReaderDependencies,
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
      const found = await database.query(
        "SELECT FROM room_members WHERE room_id = $1 AND user_id = $2 AND membership = 'join'",
        [room, user],
      );
      if (found.rowCount === 0) return;
      if ((await within(until - performance.now(), news.promise, signal)) === null) return;
    }
  } finally {
    off();
  }
}

/** The room, and everyone with an account who should be in it and is not. */
async function look(
  { database, directory, settings }: ReaderDependencies,
  id: ConversationId,
): Promise<{ readonly room: RoomId | null; readonly missing: ReadonlySet<UserId> }> {
  const stored = await conversationById(database, id);
  const expected = stored && expectedRoom(stored.conversation, await directory.fresh(), settings);
  if (!stored || !expected) return { room: null, missing: new Set() };
  const wanted = await withAccount(
    database,
    [...expected.members].filter((user) => user !== settings.bot),
  );
  const joined = await database.query<{ user_id: UserId }>(
    "SELECT user_id FROM room_members WHERE room_id = $1 AND membership = 'join'",
    [stored.roomId],
  );
  const there = new Set(joined.rows.map((row) => row.user_id));
  return { room: stored.roomId, missing: new Set([...wanted].filter((user) => !there.has(user))) };
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
