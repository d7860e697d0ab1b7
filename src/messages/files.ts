/** The files that an event shows, by the fields from which clients load them (client-server API, "m.room.message"). */
import type { MatrixEvent } from "./event.ts";
import { HTML_FORMAT } from "./html/html.ts";
import { htmlPieces } from "./html/markup.ts";
import { relationOf } from "./relation.ts";

export interface File {
  readonly server: string;
  readonly media_id: string;
}

/** Client-server API, "Matrix Content (mxc://) URIs", with nothing before or after it. */
const MXC = /^mxc:\/\/([A-Za-z0-9[][A-Za-z0-9.:[\]-]{0,254})\/([A-Za-z0-9_-]{1,255})$/;
/** No honest event shows more; one of 64 kB could name a thousand. */
const MOST = 50;
/** A pack is one event of up to 64 kB, and a sticker in it takes about a hundred bytes. */
const MOST_IN_PACK = 500;
/**
 * A room's stickers and emotes, which its members share (MSC2545, "Image packs"). Packs of one's own are account data:
 * only their owner is shown them, until they send one.
 */
const STICKER_PACK = "im.ponies.room_emotes";
const SHOWN_ITSELF: ReadonlySet<unknown> = new Set(["m.image", "m.file", "m.audio", "m.video"]);

/** Are the server and the id written as those of a file are? */
export const isFile = (server: string, mediaId: string): boolean => MXC.test(`mxc://${server}/${mediaId}`);

/**
 * The files that an event makes clients show: the file of a message or sticker, its thumbnail, pictures in its text,
 * the same in the new content of an edit, a room's picture and its sticker packs, and someone's own portrait. An address merely written
 * somewhere (in a text, a name, a quotation or a custom field) is not shown and does not count.
 */
export function filesIn(event: MatrixEvent): readonly File[] {
  const files = new Map<string, File>();
  for (const uri of addressesIn(event)) {
    const [whole, server = "", media_id = ""] = (typeof uri === "string" && MXC.exec(uri)) || [];
    if (whole !== undefined) files.set(whole, { server, media_id });
    if (files.size === (event.type === STICKER_PACK ? MOST_IN_PACK : MOST)) break;
  }
  return [...files.values()];
}

/** Is the event someone's own portrait, in one of their rooms? */
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
    case STICKER_PACK:
      return ofPack(content);
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

/** Includes encrypted files: Synapse cannot read their content, but that does not open them to everyone. */
const ofFile = (content: Fields): readonly unknown[] => [
  content.url,
  fields(content.file).url,
  ...ofThumbnail(content),
];

function ofThumbnail(content: Fields): readonly unknown[] {
  const info = fields(content.info);
  return [info.thumbnail_url, fields(info.thumbnail_file).url];
}

/** The pack's own picture, and its stickers, each by its short code. */
const ofPack = ({ images, pack }: Fields): readonly unknown[] => [
  fields(pack).avatar_url,
  ...Object.values(fields(images)).map((image) => fields(image).url),
];

function picturesIn({ format, formatted_body: html }: Fields): readonly unknown[] {
  if (format !== HTML_FORMAT || typeof html !== "string") return [];
  return htmlPieces(html).flatMap((piece) =>
    piece.is === "open" && piece.name === "img" ? [piece.attributes.get("src")] : [],
  );
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {});
