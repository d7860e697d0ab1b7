import type { ConversationId, RoomId } from "../../policy/model.ts";
import type { Queryable } from "../../store/database.ts";

/** Tells of rooms that came to be or changed, by room id, in any process. */
export interface RoomNews {
  on(channel: "whisper_room", listener: (room: string) => void): () => void;
}

/** A room is made in well under a second. Whoever asked for it may ask again. */
const PATIENCE = 5_000;

/** The room that carries a conversation, waiting a moment for one that is being made. Null: it is not there yet. */
export async function roomOf(
  db: Queryable,
  news: RoomNews,
  id: ConversationId,
  signal: AbortSignal,
): Promise<RoomId | null> {
  const { promise, resolve, reject } = Promise.withResolvers<RoomId | null>();
  // Rooms come to be in bursts: one look at a time, and once more when there was news meanwhile.
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
  // Listening before looking: what comes between is not missed.
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
