import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import type { RoomId, UserId } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";

/** What may be known of a file: where it is shown. */
export interface MediaPort {
  /**
   * @param uploader the homeserver's word for who uploaded the file. What they posted is shown; so is what others
   * posted who could see it then. Whoever merely knows the address of a file cannot make a room show it.
   */
  shown(server: string, mediaId: string, uploader: UserId): Promise<Shown>;
}

export interface Shown {
  readonly rooms: readonly RoomId[];
  /** A portrait: shown to every colleague, in lists of members and in the people search. */
  readonly portrait: boolean;
}

interface File {
  readonly server: string;
  readonly media_id: string;
}

/** Whether a server and an id are written as those of a file are (client-server API, "Matrix Content (mxc://) URIs"). */
export const isFile = (server: string, mediaId: string): boolean =>
  /^[A-Za-z0-9.:[\]-]{1,255}$/.test(server) && /^[A-Za-z0-9_-]{1,255}$/.test(mediaId);

/** Client-server API, "Matrix Content (mxc://) URIs". */
const MXC = /mxc:\/\/([A-Za-z0-9.:[\]-]{1,255})\/([A-Za-z0-9_-]{1,255})/g;
/** No honest event shows more; one of 64 kB could name a thousand. */
const MOST = 50;

/** The files that an event mentions anywhere: picture and thumbnail, pictures in the text, the new content of an edit. */
export function filesIn(content: unknown): readonly File[] {
  const files = new Map<string, File>();
  for (const [uri, server = "", media_id = ""] of JSON.stringify(content).matchAll(MXC)) {
    files.set(uri, { server, media_id });
    if (files.size === MOST) break;
  }
  return [...files.values()];
}

/** Keeps which rooms show which files, for the read gate. */
export const mediaEvents: EventHandler = { name: "media", handle: rememberMedia };

/** Takes note of the files that an event shows, and that a redacted event no longer does. */
export async function rememberMedia(db: Queryable, event: MatrixEvent): Promise<void> {
  if (event.type === "m.room.redaction") {
    const redacted = event.content.redacts ?? event.redacts;
    await db.query("UPDATE media SET hidden_at = now() WHERE event_id = $1 AND room_id = $2", [
      redacted,
      event.room_id,
    ]);
    return;
  }
  const files = filesIn(event.content);
  if (files.length === 0) return;
  const portrait = event.type === "m.room.member" && event.state_key === event.sender;
  await db.query(
    `INSERT INTO media (server, media_id, event_id, room_id, sender, portrait, seen_in)
     SELECT f.server, f.media_id, $2, $3, $4, $5, ARRAY(
       SELECT DISTINCT known.room_id
       FROM media AS known JOIN room_members AS member USING (room_id)
       WHERE known.server = f.server AND known.media_id = f.media_id AND known.hidden_at IS NULL
         AND member.user_id = $4 AND member.membership = 'join'
         -- A removal that waits in the other room's queue counts already.
         AND NOT EXISTS (
           SELECT FROM inbox WHERE inbox.room_id = known.room_id AND type = 'm.room.member'
             AND handled_at IS NULL AND parked_at IS NULL AND inbox.event ->> 'state_key' = $4))
     FROM json_to_recordset($1) AS f(server text, media_id text)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(files), event.event_id, event.room_id, event.sender, portrait],
  );
}

interface Row {
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly portrait: boolean;
  readonly seen_in: readonly string[];
  readonly hidden: boolean;
}

export function mediaOf(db: Queryable): MediaPort {
  return {
    async shown(server, mediaId, uploader) {
      const { rows } = await db.query<Row>(
        `SELECT room_id, sender, portrait, seen_in, hidden_at IS NOT NULL AS hidden
         FROM media WHERE server = $1 AND media_id = $2`,
        [server, mediaId],
      );
      const honest = honestRows(rows, uploader).filter((row) => !row.hidden);
      return {
        rooms: [...new Set(honest.map((row) => row.room_id))],
        portrait: honest.some((row) => row.portrait),
      };
    },
  };
}

/** What the uploader posted, then what was seen there and posted on, and so forth. A redaction breaks no such chain. */
function honestRows(rows: readonly Row[], uploader: UserId): readonly Row[] {
  let honest = rows.filter((row) => row.sender === uploader);
  for (;;) {
    const rooms = new Set<string>(honest.map((row) => row.room_id));
    const next = rows.filter((row) => row.sender === uploader || row.seen_in.some((room) => rooms.has(room)));
    if (next.length === honest.length) return honest;
    honest = next;
  }
}
