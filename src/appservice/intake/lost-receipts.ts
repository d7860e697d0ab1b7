import { inParallel } from "../../base/in-parallel.ts";
import { type UnreadRoom, unreadRooms } from "../../conversations/list/unread.ts";
import { storeReceipts } from "../../messages/receipts.ts";
import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { isHandle, isOurs } from "../../policy/names/names.ts";
import type { Database } from "../../store/database.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";

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

/** Who of the practice's people has something unread, and where. */
const unread = async ({ database, settings }: LostReceiptDependencies): Promise<readonly UnreadRoom[]> =>
  (await unreadRooms(database, MOST_ROOMS)).filter(
    ({ user_id }) => isOurs(settings, user_id) && !isHandle(settings, user_id),
  );

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
