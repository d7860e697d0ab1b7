import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { filesIn, isPortrait } from "../messages/files.ts";
import { membershipWaits } from "../messages/inbox-queries.ts";
import { JOINED_MEMBERS } from "../mirror/members.ts";
import type { PracticeSettings, RoomId, UserId } from "../policy/model.ts";
import { isHandle } from "../policy/names/names.ts";
import type { Queryable } from "../store/database.ts";

/** What may be known about a file: where it is shown. */
export interface MediaPort {
  /**
   * @param uploader who uploaded the file, according to the homeserver. It is shown where they posted it, and where
   * others posted it who could see it at the time. Knowing a file's address is not enough to make a room show it.
   */
  shown(server: string, mediaId: string, uploader: UserId): Promise<Shown>;
}

export interface Shown {
  readonly rooms: readonly RoomId[];
  /**
   * A portrait: shown to every colleague, in member lists and in the people search. `given`: someone else uploaded it,
   * so it counts only if they were an administrator.
   */
  readonly portrait: "own" | "given" | null;
}

/** Records which rooms show which files, for the read gate. */
export const mediaEvents = (settings: PracticeSettings): EventHandler => ({
  name: "media",
  handle: (tx, event) => rememberMedia(tx, event, settings),
});

/**
 * Records the files that a person's event shows, and those that a redacted event no longer shows. Whisper's own
 * accounts do not count: they repeat what people write, and are in every room.
 */
export async function rememberMedia(
  db: Queryable,
  event: MatrixEvent,
  settings: PracticeSettings,
): Promise<void> {
  if (event.type === "m.room.redaction") {
    const redacted = event.content.redacts ?? event.redacts;
    await db.query("UPDATE media SET hidden_at = now() WHERE event_id = $1 AND room_id = $2", [
      redacted,
      event.room_id,
    ]);
    return;
  }
  if (event.sender === settings.bot || isHandle(settings, event.sender)) return;
  const files = filesIn(event);
  if (files.length === 0) return;
  // Only messages can be forwarded. A portrait is shown to every colleague, so its owner must have uploaded it.
  const portrait = isPortrait(event);
  await db.query(
    `INSERT INTO media (server, media_id, event_id, room_id, sender, portrait, vouchers)
     SELECT f.server, f.media_id, $2, $3, $4, $5, ARRAY(
       SELECT $4 UNION
       SELECT unnest(known.vouchers)
       FROM media AS known JOIN (${JOINED_MEMBERS}) AS member USING (room_id)
       WHERE known.server = f.server AND known.media_id = f.media_id AND known.hidden_at IS NULL AND NOT $5
         AND member.user_id = $4
         -- A removal that waits in the other room's queue counts already.
         AND NOT ${membershipWaits("known.room_id", "$4")})
     FROM json_to_recordset($1) AS f(server text, media_id text)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(files), event.event_id, event.room_id, event.sender, portrait],
  );
}

export function mediaOf(db: Queryable): MediaPort {
  return {
    async shown(server, mediaId, uploader) {
      const { rows } = await db.query<{ room_id: RoomId; portrait: boolean; vouched: boolean }>(
        `SELECT room_id, portrait, bool_or($3 = ANY(vouchers)) AS vouched FROM media
         WHERE server = $1 AND media_id = $2 AND hidden_at IS NULL AND (portrait OR $3 = ANY(vouchers))
         GROUP BY room_id, portrait`,
        [server, mediaId, uploader],
      );
      const portraits = rows.filter((row) => row.portrait);
      const own = portraits.some((row) => row.vouched);
      return {
        rooms: rows.flatMap((row) => (row.vouched ? [row.room_id] : [])),
        portrait: own ? "own" : portraits.length > 0 ? "given" : null,
      };
    },
  };
}
