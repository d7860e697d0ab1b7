import type { ConversationId, RoomId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";

/** Announces rooms that were made or changed, by room id, in any process. */
export interface RoomNews {
  on(channel: "whisper_room", listener: (room: string) => void): () => void;
}

/** Making a room takes well under a second. The caller may ask again. */
const PATIENCE = 5_000;

/** A conversation's room, waiting a moment if it is being made. Null: it is not there yet. */
export async function roomOf(
  db: Queryable,
  news: RoomNews,
  id: ConversationId,
  signal: AbortSignal,
): Promise<RoomId | null> {
  const { promise, resolve, reject } = Promise.withResolvers<RoomId | null>();
  // Rooms appear in bursts: one look at a time, and another if there was news meanwhile.
  let looking = false;
  let again = false;
  const look = () => {
    again = looking;
    if (looking) return;
    looking = true;
    lookUp(db, id).then((room) => {
      looking = false;
      if (room !== null) resolve(room);
      else if (again) look();
    }, reject);
  };
  const giveUp = () => resolve(null);
  // Listens before looking, so that nothing in between is missed.
  const off = news.on("whisper_room", look);
  const timer = setTimeout(giveUp, PATIENCE);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    if (signal.aborted) giveUp();
    else look();
    return await promise;
  } finally {
    off();
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

async function lookUp(db: Queryable, id: ConversationId): Promise<RoomId | null> {
  const found = await db.query<{ room_id: RoomId | null }>(
    "SELECT room_id FROM conversations WHERE id = $1",
    [id],
  );
  return found.rows[0]?.room_id ?? null;
}
