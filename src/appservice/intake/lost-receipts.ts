import { inParallel } from "../../base/in-parallel.ts";
import { READ_TO } from "../../conversations/list/unread.ts";
import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { isHandle, isOurs } from "../../policy/names/names.ts";
import type { Database } from "../../store/database.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";
import { storeReceipts } from "./receipts.ts";

export interface LostReceiptDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly settings: PracticeSettings;
}

/** The most rooms to look at, latest message first. */
const MOST_ROOMS = 2_000;
/** The most members to ask for individually, and the most members that a room may have for that. */
const MOST_MEMBERS = 2_000;
const SMALL = 50;
const AT_ONCE = 2;

/**
 * Asks for what was read while nobody listened: Synapse does not keep receipts for an application service that is away,
 * and what was read then would stay in lists for ever. It asks only about rooms in which something is unread as far as
 * is known. The bot sees everyone's public receipts. Only each user sees their private ones, so users who still have
 * something unread are asked for individually, in rooms where that takes few calls.
 */
export async function findLostReceipts(dependencies: LostReceiptDependencies): Promise<void> {
  const rooms = new Set((await unread(dependencies)).map(({ room_id }) => room_id));
  await inParallel([...rooms], AT_ONCE, (room) => takeReceipts(dependencies, room));
  const still = (await unread(dependencies)).filter(({ people }) => people <= SMALL);
  await inParallel(still.slice(0, MOST_MEMBERS), AT_ONCE, ({ room_id, user_id }) =>
    takeReceipts(dependencies, room_id, user_id),
  );
}

interface Unread {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  readonly people: number;
}

/** Who has something unread, and where. */
async function unread({ database, settings }: LostReceiptDependencies): Promise<readonly Unread[]> {
  const found = await database.query<Unread & Record<string, unknown>>(
    `WITH recent AS MATERIALIZED (
       SELECT room_id, last_activity_at FROM conversations
       WHERE room_id IS NOT NULL AND last_activity_at IS NOT NULL
       ORDER BY last_activity_at DESC LIMIT ${MOST_ROOMS}),
     present AS (
       SELECT recent.*, m.user_id, (count(*) OVER (PARTITION BY room_id))::integer AS people
       FROM recent JOIN room_members m USING (room_id) WHERE m.membership = 'join')
     SELECT room_id, user_id, people FROM present WHERE EXISTS (
       SELECT FROM room_messages message
       WHERE message.room_id = present.room_id AND message.sender <> present.user_id AND NOT message.removed
         AND message.position > ${READ_TO("present.room_id", "present.user_id")})
     ORDER BY last_activity_at DESC`,
  );
  return found.rows.filter(({ user_id }) => isOurs(settings, user_id) && !isHandle(settings, user_id));
}

/**
 * The room's receipts as `as` may see them (a room's `/initialSync`, which Synapse still has although `/sync` replaced
 * it).
 */
async function takeReceipts(
  { database, homeserver }: LostReceiptDependencies,
  room: RoomId,
  as?: UserId,
): Promise<void> {
  try {
    const { receipts = [] } = await homeserver.call<{ receipts?: readonly unknown[] }>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/initialSync`,
      query: { limit: "1" },
      ...(as === undefined ? {} : { as }),
    });
    await storeReceipts(database, receipts);
  } catch (error) {
    // They are no longer in the room, or locked: the reconciler and the audit take care of that.
    if (!(error instanceof MatrixRefused)) throw error;
  }
}
