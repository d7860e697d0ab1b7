import type { MatrixEvent } from "../../messages/event.ts";
import { storeEvents } from "../../messages/inbox.ts";
import { knownEvents } from "../../messages/inbox-queries.ts";
import type { RoomId } from "../../policy/model.ts";
import type { Database, Queryable } from "../../store/database.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";

const FIRST_PAGE = 20;
const PAGE = 100;
/** Nothing happened in a room before this. */
const CREATION = "m.room.create";

export interface RoomGapDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
}

/**
 * Takes in everything that is missing from one room, as far back as `since` (milliseconds). It first walks back and
 * notes where incomplete pages begin, then stores them in the order in which things happened, so only one page is in
 * memory at a time.
 * @returns how many events were missing.
 */
export async function fillRoom(
  dependencies: RoomGapDependencies,
  room: RoomId,
  since: number,
): Promise<number> {
  const lacking: (string | undefined)[] = [];
  for (let from: string | undefined; ; ) {
    const page = await messages(dependencies.homeserver, room, from);
    if (page === null) break;
    const { chunk, start = from, end } = page;
    if ((await missingOf(dependencies.database, chunk, since)).length > 0) lacking.push(start);
    // Synapse names an end even of the page that begins with the room.
    const beyond = chunk.some(({ type, origin_server_ts }) => origin_server_ts < since || type === CREATION);
    if (beyond || chunk.length === 0 || end === undefined || end === from) break;
    from = end;
  }
  let missing = 0;
  // `/messages` returns the newest first.
  for (const from of lacking.reverse()) {
    const page = await messages(dependencies.homeserver, room, from);
    const events = page === null ? [] : await missingOf(dependencies.database, page.chunk, since);
    missing += await storeEvents(dependencies.database, events.reverse());
  }
  return missing;
}

interface Page {
  readonly chunk: readonly MatrixEvent[];
  readonly start?: string;
  readonly end?: string;
}

async function messages(
  homeserver: Homeserver,
  room: RoomId,
  from: string | undefined,
): Promise<Page | null> {
  try {
    return await homeserver.call<Page>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/messages`,
      query: {
        dir: "b",
        limit: String(from === undefined ? FIRST_PAGE : PAGE),
        ...(from === undefined ? {} : { from }),
      },
    });
  } catch (error) {
    // The bot is not in the room: the audit finds that.
    if (error instanceof MatrixRefused) return null;
    throw error;
  }
}

async function missingOf(
  db: Queryable,
  events: readonly MatrixEvent[],
  since: number,
): Promise<MatrixEvent[]> {
  const recent = events.filter((event) => event.origin_server_ts >= since);
  if (recent.length === 0) return [];
  const known = await knownEvents(
    db,
    recent.map((event) => event.event_id),
  );
  return recent.filter((event) => !known.has(event.event_id));
}
