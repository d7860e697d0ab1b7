/** The files that an event shows, by the fields that clients load them from (client-server API, "m.room.message"). */
import type { MatrixEvent } from "./event.ts";
import { HTML_FORMAT } from "./html.ts";
import { piecesOf } from "./markup.ts";
import { relationOf } from "./relation.ts";

export interface File {
  readonly server: string;
  readonly media_id: string;
}

/** Client-server API, "Matrix Content (mxc://) URIs": nothing before it, nothing behind it. */
const MXC = /^mxc:\/\/([A-Za-z0-9[][A-Za-z0-9.:[\]-]{0,254})\/([A-Za-z0-9_-]{1,255})$/;
/** No honest event shows more; one of 64 kB could name a thousand. */
const MOST = 50;
const SHOWN_ITSELF: ReadonlySet<unknown> = new Set(["m.image", "m.file", "m.audio", "m.video"]);

/** Whether a server and an id are written as those of a file are. */
export const isFile = (server: string, mediaId: string): boolean => MXC.test(`mxc://${server}/${mediaId}`);

/**
 * The files that an event makes clients show: the file of a message or sticker, its thumbnail, pictures in its text,
 * the same of what an edit brings, the picture of a room, and somebody's own portrait. What is merely written
 * somewhere, in a text, a name, a quotation or a field of one's own, is shown by nobody and counts for nothing.
 */
export function filesIn(event: MatrixEvent): readonly File[] {
  const files = new Map<string, File>();
  for (const uri of addressesIn(event)) {
    const [whole, server = "", media_id = ""] = (typeof uri === "string" && MXC.exec(uri)) || [];
    if (whole !== undefined) files.set(whole, { server, media_id });
    if (files.size === MOST) break;
  }
  return [...files.values()];
}

/** Whether the event is somebody's own portrait, in one of their rooms. */
export const isPortrait = ({ type, sender, state_key, content }: MatrixEvent): boolean =>
  type === "m.room.member" && state_key === sender && content.membership === "join";

function addressesIn(event: MatrixEvent): readonly unknown[] {
  const { content } = event;
  switch (event.type) {
    case "m.room.message": {
      const relation = relationOf(event);
      return [...ofMessage(content), ...(relation?.kind === "edit" ? ofMessage(relation.content) : [])];
    }
    case "m.sticker":
      return ofFile(content);
    case "m.room.avatar":
      return [content.url, ...ofThumbnail(content)];
    case "m.room.member":
      return isPortrait(event) ? [content.avatar_url] : [];
    default:
      return [];
  }
}

function ofMessage(content: Fields): readonly unknown[] {
  const { msgtype } = content;
  return [
    ...(SHOWN_ITSELF.has(msgtype) ? ofFile(content) : []),
    ...(msgtype === "m.location" ? ofThumbnail(content) : []),
    ...picturesIn(content),
  ];
}

/** Of an encrypted file too: that its content is unreadable to Synapse does not open it to everybody. */
const ofFile = (content: Fields): readonly unknown[] => [
  content.url,
  fields(content.file).url,
  ...ofThumbnail(content),
];

function ofThumbnail(content: Fields): readonly unknown[] {
  const info = fields(content.info);
  return [info.thumbnail_url, fields(info.thumbnail_file).url];
}

function picturesIn({ format, formatted_body: html }: Fields): readonly unknown[] {
  if (format !== HTML_FORMAT || typeof html !== "string") return [];
  return piecesOf(html).flatMap((piece) =>
    piece.is === "open" && piece.name === "img" ? [piece.attributes.get("src")] : [],
  );
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {});
